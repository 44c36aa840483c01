"""The programs in examples/ as anybody runs them: nothing but AWS_ENDPOINT_URL tells them of us.

Those that need a voice, photographs, a code hook or an engine are run by the tests of their service:
tests/contract/speech, vision, conversation, personalization and forecasting.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.process import Addresses
from shared.contract.apis import all_apis
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

EXAMPLES = ROOT / "examples"
#: What a program prints among other things; a program without an entry here fails its test.
PRINTED = {
    "comprehend/detect_sentiment.py": ["POSITIVE"],
    "comprehend/detect_entities.py": ["PERSON", "Ada Lovelace", "LOCATION", "London", "DATE", "5 June 1833"],
    "comprehend/detect_key_phrases.py": ["The old lighthouse", "the northern pier", "a new lamp"],
    "comprehend/detect_syntax.py": ["cat       NOUN", "chased    VERB", "two       NUM", "grey      ADJ"],
    "comprehend/detect_dominant_language.py": ["de ", "fr "],
    "comprehend/detect_pii_entities.py": ["I am [NAME], my mail is [EMAIL] and my phone is [PHONE]."],
    "comprehend/contains_pii_entities.py": ["nothing private", "['EMAIL']"],
    "comprehend/batch_detect_sentiment.py": ["0 POSITIVE", "1 NEGATIVE"],
    "comprehend/batch_detect_entities.py": ["Marie Curie", "Warsaw", "Vienna"],
    "comprehend/batch_detect_key_phrases.py": ["The new bridge", "A quick lunch"],
    "comprehend/batch_detect_syntax.py": ["('Birds', 'NOUN')", "('red', 'ADJ')"],
    "comprehend/batch_detect_dominant_language.py": ["0 en", "1 es", "2 TextSizeLimitExceededException"],
    "comprehendmedical/detect_entities_v2.py": ["allopurinol", "DOSAGE 300 mg", "FREQUENCY twice a day", "NEGATION"],
    "comprehendmedical/detect_phi.py": ["[NAME], [AGE], a [PROFESSION]", "[DATE]", "[PHONE_OR_FAX]"],
    "comprehendmedical/infer_icd10_cm.py": ["I10 ", "J20.9"],
    "comprehendmedical/infer_rx_norm.py": ["nonet models add rxnorm"],
    "textract/detect_document_text.py": ["Application for Membership", "Please return this form"],
    "textract/analyze_document.py": ["Name: -> Ada Lovelace", "row 2, column 1: Apples", "What is the city? London"],
    "textract/document_text_detection_job.py": ["SUCCEEDED 2 pages", "1 Dear Mrs. Garcia,", "2 Programme"],
    "transcribe/transcription_job.py": ["COMPLETED", "good morning", "-->", "the newest job is COMPLETED"],
    "transcribe/vocabularies.py": ["products READY", "FAILED", "['secrets']"],
    "translate/translate_text.py": [
        "de German",
        "from de to en:",
        "from de to fr:",
        "  - ",
        "https://example.org/konto",
    ],
    "translate/terminologies.py": ["products en ['de', 'fr']", "1 term", "Gartenwichtel", "Nain Vert", "<b>", "</b>"],
    "translate/translate_document.py": ["<h1>Das Haus</h1>", 'href="https://example.org/book">', "<pre>nonet up</pre>"],
    "textract/document_analysis_job.py": ["SUCCEEDED 2 pages", "1 LAYOUT_", "2 LAYOUT_"],
}


@pytest.mark.parametrize(
    "path",
    sorted(
        set(EXAMPLES.glob("*/*.py"))
        - set(EXAMPLES.glob("bots/*.py"))
        - set(EXAMPLES.glob("forecast/*.py"))
        - set(EXAMPLES.glob("personalize/*.py"))
        - set(EXAMPLES.glob("polly/*.py"))
        - set(EXAMPLES.glob("rekognition/*.py"))
    ),
    ids=lambda path: f"{path.parent.name}/{path.stem}",
)
def test_example(suite: Addresses, path: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "AWS_ENDPOINT_URL": suite.http, "PYTHONPATH": ""}
    done = subprocess.run(
        [sys.executable, str(path)], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    for text in PRINTED[path.relative_to(EXAMPLES).as_posix()]:
        assert text.lower() in done.stdout.lower(), done.stdout


def test_every_main_operation_has_an_example() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in EXAMPLES.glob("*/*.py"))
    apis = {api.client: api for api in all_apis().values()}
    missing = [
        operation.name
        for client in ("comprehend", "comprehendmedical", "polly", "rekognition", "textract", "transcribe", "translate")
        for operation in apis[client].operations.values()
        if operation.priority == "P0" and f".{operation.method_name}(" not in source
    ]
    assert not missing
