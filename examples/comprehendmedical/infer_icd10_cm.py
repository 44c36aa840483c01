"""The codes that a note's conditions may have; what the patient does not have is left out."""

import boto3

medical = boto3.client("comprehendmedical")
NOTE = "Assessment: essential hypertension, acute bronchitis. No pneumonia."
for entity in medical.infer_icd10_cm(Text=NOTE)["Entities"]:
    if "NEGATION" not in [trait["Name"] for trait in entity["Traits"]]:
        for concept in entity["ICD10CMConcepts"][:2]:
            print(f"{concept['Code']:8} {concept['Score']:.2f}  {concept['Description']}")
