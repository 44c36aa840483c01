"""What the classes of other people's token classifiers mean here, by their names.

The names are those of well-known corpora: MACCROBAT (``Disease_disorder``), BC5CDR, i2b2 2010 (``problem``) and n2c2
2018 for concepts, AnatEM for anatomy; i2b2 2014 and its shorter forms (``HOSP``, ``LOC``) for names and addresses.
"""

from __future__ import annotations

import re

_CONCEPTS = {
    "DRUG": "drug drugs drug_name medication medicine chemical chem simple_chemical brand_name generic_name",
    "PROBLEM": "problem disease disease_disorder disorder diagnosis condition sign_symptom sign symptom finding "
    "dx_name medical_condition",
    "TEST": "test test_name diagnostic_procedure lab_test laboratory_test imaging_procedure",
    "PROCEDURE": "procedure procedure_name therapeutic_procedure surgery surgical_procedure",
    "TREATMENT": "treatment treatment_name therapy",
    "ANATOMY": "anatomy biological_structure body_part body_structure organ tissue multi_tissue_structure "
    "anatomical_system organism_subdivision system_organ_site",
}
_PERSONAL = {
    "NAME": "name patient doctor staff hcw person per",
    "ADDRESS": "address street city state country zip hospital hosp location location_other loc",
}
CONCEPTS, PERSONAL = tuple(_CONCEPTS), tuple(_PERSONAL)
_TYPES = {name: kind for kind, names in (_CONCEPTS | _PERSONAL).items() for name in names.split()}
#: A class of the schemes BIO, BIOES and BILOU; without a prefix it is one of IO. What begins a span is B here.
_CLASS = re.compile(r"(?:(?P<first>[BSU])|[IEL])[-_](?P<name>.+)")


def bio_class(label: str) -> str:
    """The BIO class of a concept, name or address that a label means (``S-Drug`` -> ``B-DRUG``); ``O`` if none."""
    match = _CLASS.fullmatch(label)
    name = match["name"] if match else label
    kind = _TYPES.get(re.sub(r"[^a-z]+", "_", name.lower()))
    if kind is None:
        return "O"
    return f"{'B' if match and match['first'] else 'I'}-{kind}"
