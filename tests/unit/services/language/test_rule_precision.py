from __future__ import annotations

from pathlib import Path

import pytest

from services.language import quantities, rule_precision
from services.language.pii.rules import NAMED
from services.language.rule_precision import Counts, Precision, scores


def test_every_rule_has_counts() -> None:
    assert set(rule_precision.load()) == {*NAMED, *(name for _, name, _ in quantities.RULES)}


def test_a_rule_that_matched_follows_the_rule_of_succession() -> None:
    table = scores({"A": Precision(Counts(7, 1), Counts(1, 0))})
    assert table["A", False] == pytest.approx(8 / 10)
    assert table["A", True] == pytest.approx(2 / 3)


def test_a_rule_without_a_match_scores_by_its_check() -> None:
    table = scores({"A": Precision(Counts(), Counts(), luck=0.1), "B": Precision(Counts(), Counts(8, 0))})
    assert table["A", False] == pytest.approx(0.9)
    # Announcements were right 8 times of 8, that is 9/10; a misled one passes the check one time in ten.
    assert table["A", True] == pytest.approx(1 - 0.1 * 0.1)


def test_a_shape_that_everything_passes_says_nothing() -> None:
    assert scores({"A": Precision(Counts(), Counts(), luck=0.9)})["A", False] == 0.5


def test_the_served_scores_are_probabilities_and_come_from_the_file() -> None:
    table = rule_precision.table()
    assert all(0 < score < 1 for score in table.values())
    counts = rule_precision.load()["EMAIL-1"].bare
    assert rule_precision.score("EMAIL-1") == (counts.right + 1) / (counts.total + 2)


def test_counts_change_the_score(tmp_path: Path) -> None:
    file = tmp_path / "rule_precision.toml"
    file.write_text("[rule.X]\nbare = [0, 3]\nannounced = [0, 0]\nluck = 0.5\n")
    table = scores(rule_precision.load(file))
    assert table["X", False] == pytest.approx(1 / 5)


def test_an_unknown_rule_is_an_error() -> None:
    with pytest.raises(KeyError):
        rule_precision.score("NO_SUCH_RULE-1")
