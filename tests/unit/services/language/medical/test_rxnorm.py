"""RxNorm, on a small made-up release in the official format."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.language.medical import rxnorm
from shared import errors

#: Concept, term type, string: numbers are made up.
ROWS = [
    ("900001", "IN", "zorvatine"),
    ("900002", "SCD", "zorvatine 10 MG Oral Tablet"),
    ("900003", "SCD", "zorvatine 20 MG Oral Tablet"),
    ("900004", "BN", "Zorvex"),
    ("900005", "SBD", "zorvatine 10 MG Oral Tablet [Zorvex]"),
]


def release(folder: Path) -> Path:
    """An rrf folder with ``RXNCONSO.RRF``."""
    lines = [
        "|".join([concept, "ENG", "", "", "", "", "", f"{number}", "", "", "", "RXNORM", kind, concept, name, "", "N", "", ""])
        for number, (concept, kind, name) in enumerate(ROWS)
    ]
    lines.append("|".join(["900001", "ENG", "", "", "", "", "", "9", "", "", "", "OTHER", "IN", "1", "not ours", "", "N", "", ""]))
    (folder / "rrf").mkdir(parents=True)
    (folder / "rrf" / "RXNCONSO.RRF").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_strength_and_form_tell_concepts_apart(tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.mkdir()
    rxnorm.convert(release(tmp_path / "release"), target)
    index = rxnorm.read_index(target)
    assert index.search("zorvatine")[0].code.code == "900001"
    assert index.search("zorvatine 20 mg tablet")[0].code.code == "900003"
    assert index.search("Zorvex")[0].code.code == "900004"
    assert index.search("not ours") == []


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "RXNCONSO.RRF").write_text("a|b|c\n")
    with pytest.raises(errors.InvalidArgument, match="Line 1"):
        rxnorm.convert(tmp_path, tmp_path)
