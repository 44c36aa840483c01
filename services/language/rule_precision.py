"""How often a rule is right: the scores of personal data with a shape, of dates and of quantities.

``rule_precision.toml`` holds, for each rule, counts of right and wrong matches on annotated corpora; it is written by
``models/recipes/rule-precision/measure.py``, which says what counts as right. From them:

* A rule that matched n times, r of them rightly, scores (r + 1) / (n + 2): Laplace's rule of succession, the mean of
  the posterior of a proportion after a uniform prior.
* A rule that never matched and needs no announcing word scores 1 - ``luck``: the share of random strings of its
  outer shape (a card number's: sixteen digits) that its pattern and check digits let through, measured by drawing;
  at least 1/2, the rule of succession without data. A rule without such a check (``luck`` 1) has its announcing word
  in its pattern and scores as announced.
* A rule that never matched and was announced ("my SSN is ...") is wrong only if the announcement misleads and the
  number passes its check by luck: 1 - (1 - a) * luck, where a is the rule of succession over all announced matches.
"""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path

_FILE = Path(__file__).with_name("rule_precision.toml")


@dataclass(frozen=True, slots=True)
class Counts:
    """Matches of a rule that were right and that were wrong."""

    right: int = 0
    wrong: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.right + other.right, self.wrong + other.wrong)

    @property
    def total(self) -> int:
        return self.right + self.wrong

    @property
    def succession(self) -> float:
        """Laplace's rule of succession, 0 < p < 1."""
        return (self.right + 1) / (self.total + 2)


@dataclass(frozen=True, slots=True)
class Precision:
    """Counts of one rule without and with an announcing word, and the share of random strings that it lets through."""

    bare: Counts
    announced: Counts
    luck: float = 1.0


def score(rule: str, *, announced: bool = False) -> float:
    """The precision of ``rule`` (a name such as ``PHONE-1``), 0..1; KeyError for an unknown rule."""
    return table()[rule, announced]


def load(path: Path = _FILE) -> dict[str, Precision]:
    """Read the counts of all rules."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        name: Precision(Counts(*row["bare"]), Counts(*row["announced"]), float(row.get("luck", 1.0)))
        for name, row in table["rule"].items()
    }


def scores(rules: dict[str, Precision]) -> dict[tuple[str, bool], float]:
    """The score of every rule, by name and whether a word announced the match."""
    announcement = sum((r.announced for r in rules.values()), Counts()).succession
    out: dict[tuple[str, bool], float] = {}
    for name, rule in rules.items():
        out[name, True] = rule.announced.succession if rule.announced.total else 1 - (1 - announcement) * rule.luck
        if rule.bare.total:
            out[name, False] = rule.bare.succession
        else:
            out[name, False] = out[name, True] if rule.luck == 1 else max(0.5, 1 - rule.luck)
    return out


@functools.cache
def table() -> dict[tuple[str, bool], float]:
    """The scores of all rules, read once; engines that use rules call it when they load."""
    return scores(load())
