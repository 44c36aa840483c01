"""The form, analysed once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.answers import Recorder
from tests.contract.documents import papers

QUERIES = {"Queries": [{"Text": "What is the name?", "Alias": "NAME"}, {"Text": "What is the city?"}]}
FEATURES = ["TABLES", "FORMS", "LAYOUT", "QUERIES"]


@pytest.fixture(scope="session")
def form_file() -> bytes:
    return papers.encoded(papers.form())


@pytest.fixture(scope="session")
def form_answer(textract: Recorder, form_file: bytes) -> dict[str, Any]:
    """AnalyzeDocument of the form with every feature that there is."""
    return textract.ask("analyze_document", Document={"Bytes": form_file}, FeatureTypes=FEATURES, QueriesConfig=QUERIES)
