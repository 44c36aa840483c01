"""Comprehend Medical: what a clinical note says, what in it is nobody else's business, and the codes of conditions."""

from __future__ import annotations

from nonet.demo.stage import Stage, timed

NOTE = (
    "Mary Jones, 61 years old, was seen on 3 May 2026 for gout. Takes allopurinol 300 mg by mouth daily. "
    "Start colchicine 0.6 mg twice a day for 5 days. No fever. Her brother has type 2 diabetes."
)


def show(stage: Stage) -> None:
    medical, row, line = stage.client("comprehendmedical"), stage.report.row, stage.report.line
    stage.report.title("Comprehend Medical: a clinical note")
    line(f'text: "{NOTE}"')
    answer, seconds = timed(lambda: medical.detect_entities_v2(Text=NOTE))
    row("DetectEntitiesV2", f"{len(answer['Entities'])} entities", seconds, answer)
    for entity in answer["Entities"]:
        if entity["Category"] in ("MEDICATION", "MEDICAL_CONDITION"):
            said = [trait["Name"] for trait in entity["Traits"]]
            said += [f"{one['Type']} {one['Text']}" for one in entity.get("Attributes", ())]
            line(f"  {entity['Category']:<18} {entity['Text']:<24} {', '.join(said)}")
    answer, seconds = timed(lambda: medical.detect_phi(Text=NOTE))
    row("DetectPHI", "; ".join(f"{one['Type']} {one['Text']}" for one in answer["Entities"]), seconds, answer)
    answer, seconds = timed(lambda: medical.infer_icd10_cm(Text=NOTE))
    best = [(one["Text"], one["ICD10CMConcepts"][0]) for one in answer["Entities"] if one["ICD10CMConcepts"]]
    codes = "; ".join(f"{text} = {code['Code']} ({code['Description']})" for text, code in best)
    row("InferICD10CM", codes, seconds, answer)
