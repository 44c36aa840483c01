"""What a note says of drugs and conditions, each with what belongs to it."""

import boto3

medical = boto3.client("comprehendmedical")
NOTE = """Seen for gout of the right great toe. Takes allopurinol 300 mg by mouth daily.
Start colchicine 0.6 mg twice a day for 5 days. No fever. His brother has diabetes."""
for entity in medical.detect_entities_v2(Text=NOTE)["Entities"]:
    print(entity["Category"], entity["Text"], [trait["Name"] for trait in entity["Traits"]])
    for attribute in entity.get("Attributes", []):
        print("   ", attribute["Type"], attribute["Text"], f"{attribute['RelationshipScore']:.2f}")
