"""Personal data that has a shape: one rule a type, with a check and the words that announce it.

The score of a match is its rule's precision, counted on corpora (``rule_precision.py``). A check digit alone lets one
in ten or eleven numbers through, so bare numbers need an announcing word nearby as well. The regular expressions have
no nested repetition: matching is linear.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from services.language.pii import checksums

#: How far before a match an announcing word may stand, in characters.
_REACH = 60


@dataclass(frozen=True, slots=True)
class Match:
    """A stretch [begin, end) of the text, its type, and the rule that found it.

    ``rank`` is the rule's; ``announced`` says whether a word nearby announced the value.
    """

    begin: int
    end: int
    type: str
    rule: str
    announced: bool
    rank: int


@dataclass(frozen=True, slots=True)
class Rule:
    """``pattern`` finds candidates (group ``v`` = the value, else all); ``check`` sees the value without separators.

    ``rank`` orders rules where their matches overlap, the highest wins: without an announcing word (0 = then it is no
    match), and ``announced`` with one. It is an order, not a probability, and never leaves this package.
    """

    type: str
    pattern: re.Pattern[str]
    rank: int
    announced: int = 99
    context: re.Pattern[str] | None = None
    check: Callable[[str], bool] | None = None
    #: Words before a match that say it is something else.
    denied: re.Pattern[str] | None = None
    #: Words right behind a match that announce it as well.
    follows: re.Pattern[str] | None = None

    def matches(self, text: str, name: str) -> Iterator[Match]:
        """All matches that count, left to right; ``name`` is the rule's, for its precision."""
        return (match for match in self.found(text, name) if match.rank > 0)

    def found(self, text: str, name: str) -> Iterator[Match]:
        """All matches of pattern and check, announced or not; ``rank`` 0 = it would need to be announced."""
        for found in self.pattern.finditer(text):
            begin, end = found.span("v") if "v" in self.pattern.groupindex else found.span()
            value = text[begin:end]
            if self.check is not None and not self.check(_bare(value)):
                continue
            if self.type == "IP_ADDRESS" and not checksums.internet_address(value):
                continue
            if self.denied is not None and self.denied.search(text, max(0, begin - 16), begin):
                continue
            announced = bool(
                (self.context is not None and self.context.search(text[max(0, begin - _REACH) : begin]))
                or (self.follows is not None and self.follows.match(text, end))
            )
            rank = self.announced if announced else self.rank
            yield Match(begin, end, self.type, name, announced, rank)


def _bare(value: str) -> str:
    return "".join(c for c in value if c not in " -.\u00a0\u2011()")


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE)


def _shape(pattern: str, flags: int = 0) -> re.Pattern[str]:
    return re.compile(pattern, flags)


def _telephone(value: str) -> bool:
    digits = value.split("x")[0].split("e")[0].lstrip("+")
    return 7 <= sum(c.isdigit() for c in digits) <= 15


_NUMBER_BEFORE = r"(?<![\w.,:/#$\u20ac\u00a3-])"
_NUMBER_AFTER = r"(?![\w/%]|[.,:-]\d|-\w)"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre)"
)
_CLOCK = r"(?:[ T,]{1,2}(?:at )?\d{1,2}:\d\d(?::\d\d(?:\.\d{1,6})?)?(?: ?[ap]\.?m\.?|Z|[+-]\d\d:?\d\d)?)?"
_CARD_WORDS = _words(r"cards?|visa|mastercard|amex|credit|debit|cc|tarjeta")
_PHONE_WORDS = _words(
    r"phones?|tel|telephone|call|calls|calling|mobile|cell|fax|desk|whatsapp|sms|text me|dial|ring|contact|"
    r"tel\u00e9fono|m\u00f3vil|"
    r"reach (?:me|us|him|her)|hotline|(?:my|your|his|her|our|their|the) number is"
)
_PHONE_BEHIND = re.compile(r"[ ,]{0,2}\(?(?:office|fax|mob(?:ile)?|cell|home|work|tel)(?!\w)", re.IGNORECASE)
_TOKEN_CHARACTERS = r"[A-Za-z0-9/+]"

RULES: tuple[Rule, ...] = (
    Rule("EMAIL", _shape(r"(?<![\w.+-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])"), 99),
    Rule("URL", _shape(r"(?<![\w@])(?:(?:https?|ftp)://|www\.)[^\s<>\"'\u201d)\]]{2,2000}(?<![.,;:!?])", re.I), 99),
    Rule(
        "IP_ADDRESS",
        _shape(
            r"(?<![\w.:/-])(?:\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\w-]|\.\d)|"
            r"(?=[A-Fa-f:]{0,38}\d)(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:-]))"
        ),
        95,
        99,
        _words("ip|host|address|server"),
        denied=_words("version|ver|v|release|build|firmware|section"),
    ),
    Rule(
        "MAC_ADDRESS",
        _shape(
            r"(?<![\w:-])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![\w:-])|(?<![\w:-])(?:[0-9A-Fa-f]{2}-)"
            r"{5}[0-9A-Fa-f]{2}(?![\w:-])"
        ),
        99,
    ),
    Rule(
        "CREDIT_DEBIT_NUMBER",
        _shape(
            rf"{_NUMBER_BEFORE}(?:\d{{4}}[ -]\d{{4}}[ -]\d{{4}}[ -]\d{{1,7}}|"
            rf"\d{{4}}[ -]\d{{6}}[ -]\d{{5}}|\d{{12,19}}){_NUMBER_AFTER}"
        ),
        85,
        99,
        _CARD_WORDS,
        checksums.payment_card,
    ),
    Rule(
        "CREDIT_DEBIT_NUMBER",
        # Whoever calls a number of this form a card's means it, even if it has a slip or is an example.
        _shape(
            rf"{_NUMBER_BEFORE}(?:\d{{4}}([ -])\d{{4}}\1\d{{4}}\1\d{{4}}|\d{{4}}([ -])\d{{6}}\2\d{{5}}){_NUMBER_AFTER}"
        ),
        0,
        94,
        _CARD_WORDS,
    ),
    Rule(
        "CREDIT_DEBIT_CVV",
        _shape(rf"{_NUMBER_BEFORE}\d{{3,4}}{_NUMBER_AFTER}"),
        0,
        95,
        _words(
            r"(?:cvv2?|cvc2?|cid|security code|card verification (?:value|code))[^\w]{0,3}(?:number|"
            r"is|code)?[^\w]{0,3}$"
        ),
    ),
    Rule(
        "CREDIT_DEBIT_EXPIRY",
        _shape(r"(?<![\w/.-])(?:0[1-9]|1[0-2])[/-](?:20)?\d\d(?![\w/-])"),
        0,
        95,
        _words(r"expir\w+|exp(?:\.|\b)|valid (?:thru|through|until)|good thru"),
    ),
    Rule(
        "INTERNATIONAL_BANK_ACCOUNT_NUMBER",
        _shape(r"(?<![\w-])[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![\w-])"),
        99,
        99,
        None,
        checksums.iban,
    ),
    Rule(
        "SWIFT_CODE",
        _shape(r"(?<![\w-])[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?(?![\w-])"),
        0,
        95,
        _words("swift|bic|bank"),
        checksums.swift_code,
    ),
    Rule(
        "BANK_ROUTING",
        _shape(rf"{_NUMBER_BEFORE}\d{{9}}{_NUMBER_AFTER}"),
        0,
        95,
        _words("routing|aba|rtn"),
        checksums.routing_number,
    ),
    Rule(
        "BANK_ACCOUNT_NUMBER",
        _shape(rf"{_NUMBER_BEFORE}\d(?:[ -]?\d){{7,16}}{_NUMBER_AFTER}"),
        0,
        85,
        _words(
            r"(?:bank|checking|savings?|deposit) account(?: number| no\.?| #)?|account number|"
            r"acct(?: no| #|\.)?|n\u00famero de cuenta|cuenta bancaria|account:? ?#?$"
        ),
    ),
    Rule(
        "SSN",
        _shape(r"(?<![\w-])\d{3}[- ]\d\d[- ]\d{4}(?![\w-])"),
        90,
        99,
        _words(r"ssn|social security(?: number)?|ss#"),
        checksums.social_security,
    ),
    Rule(
        "SSN",
        # Whoever calls a number so means it, even if it was never given out.
        _shape(rf"{_NUMBER_BEFORE}\d{{3}}(?P<gap>[- ]?)\d\d(?P=gap)\d{{4}}{_NUMBER_AFTER}"),
        0,
        90,
        _words(r"ssn|social security(?: number)?|ss#"),
    ),
    Rule(
        "US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER",
        _shape(r"(?<![\w-])9\d\d[- ]?\d\d[- ]?\d{4}(?![\w-])"),
        0,
        95,
        _words("itin|individual taxpayer|tax(?:payer)? id(?:entification)?"),
        checksums.individual_taxpayer,
    ),
    Rule(
        "CA_SOCIAL_INSURANCE_NUMBER",
        _shape(r"(?<![\w-])\d{3}[- ]?\d{3}[- ]?\d{3}(?![\w-])"),
        0,
        95,
        _words("sin|social insurance"),
        checksums.social_insurance,
    ),
    Rule(
        "CA_HEALTH_NUMBER",
        _shape(r"(?<![\w-])\d{4}[- ]?\d{3}[- ]?\d{3}(?:[- ]?[A-Z]{2})?(?![\w-])"),
        0,
        90,
        _words("ohip|health (?:card|number|insurance number)|phn"),
        lambda v: checksums.luhn(v[:10]),
    ),
    Rule(
        "UK_NATIONAL_INSURANCE_NUMBER",
        _shape(
            r"(?<![\w-])(?!BG|GB|NK|KN|TN|NT|ZZ)"
            r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D](?![\w-])"
        ),
        90,
        99,
        _words("national insurance|nino|ni number"),
    ),
    Rule(
        "UK_NATIONAL_HEALTH_SERVICE_NUMBER",
        _shape(r"(?<![\w-])\d{3}[- ]?\d{3}[- ]?\d{4}(?![\w-])"),
        0,
        97,
        _words("nhs|national health"),
        checksums.national_health_service,
    ),
    Rule(
        "UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER",
        _shape(rf"{_NUMBER_BEFORE}\d{{5}} ?\d{{5}}{_NUMBER_AFTER}"),
        0,
        95,
        _words("utr|unique taxpayer|taxpayer reference"),
    ),
    Rule(
        "IN_AADHAAR",
        _shape(r"(?<![\w-])\d{4}[- ]?\d{4}[- ]?\d{4}(?![\w-])"),
        0,
        97,
        _words("aadhaar|aadhar|uidai|uid"),
        checksums.aadhaar,
    ),
    Rule(
        "IN_PERMANENT_ACCOUNT_NUMBER",
        _shape(r"(?<![\w-])[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z](?![\w-])"),
        80,
        99,
        _words("pan|permanent account"),
    ),
    Rule("IN_VOTER_NUMBER", _shape(r"(?<![\w-])[A-Z]{3}\d{7}(?![\w-])"), 0, 95, _words("voter|epic|election")),
    Rule(
        "IN_NREGA",
        _shape(r"(?<![\w-])[A-Z]{2}-\d\d-\d{3}-\d{3}-\d{3}/\d{1,6}(?![\w-])"),
        90,
        99,
        _words("nrega|job card"),
    ),
    Rule(
        "PASSPORT_NUMBER",
        _shape(r"(?<![\w-])(?=[A-Z0-9]{0,3}\d)[A-Z0-9]{6,9}(?![\w-])"),
        0,
        93,
        _words("passport|pasaporte"),
        lambda v: sum(c.isdigit() for c in v) >= 4,
    ),
    Rule(
        "DRIVER_ID",
        _shape(r"(?<![\w-])(?=[A-Z0-9-]{0,4}\d)[A-Z0-9][A-Z0-9-]{4,18}[A-Z0-9](?![\w-])"),
        0,
        93,
        _words(
            r"driver'?s?\u2019?s? licen[sc]e|driving licen[sc]e|dl(?: #| no| number)|"
            r"licencia de conducir|permiso de conducir"
        ),
        lambda v: sum(c.isdigit() for c in v) >= 4,
    ),
    Rule(
        "LICENSE_PLATE",
        _shape(r"(?<![\w-])(?=[A-Z0-9 -]{0,7}\d)[A-Z0-9]{1,4}[ -]?[A-Z0-9]{1,4}(?:[ -]?[A-Z0-9]{1,3})" r"?(?![\w-])"),
        0,
        90,
        _words(
            r"licen[sc]e plate(?: number)?|number plate|plate (?:number|no\.?)|registration (?:plate|"
            r"number)|matr\u00edcula"
        ),
        lambda v: 4 <= len(v) <= 8 and any(c.isdigit() for c in v),
    ),
    Rule(
        "VEHICLE_IDENTIFICATION_NUMBER",
        _shape(r"(?<![\w-])[A-HJ-NPR-Z0-9]{17}(?![\w-])"),
        85,
        99,
        _words("vin|vehicle|chassis"),
        checksums.vehicle_identification,
    ),
    Rule("AWS_ACCESS_KEY", _shape(r"(?<![A-Za-z0-9])(?:AKIA|ASIA|AROA|AIDA|AGPA|ANPA)[A-Z0-9]{16}(?![A-Za-z0-9])"), 99),
    Rule(
        "AWS_SECRET_KEY",
        _shape(rf"(?<!{_TOKEN_CHARACTERS}){_TOKEN_CHARACTERS}{{40}}(?!{_TOKEN_CHARACTERS})"),
        0,
        95,
        _words(r"secret\w*|aws\w*"),
        lambda v: any(c.isdigit() for c in v) and any(c.islower() for c in v) and any(c.isupper() for c in v),
    ),
    Rule(
        "PIN",
        _shape(rf"{_NUMBER_BEFORE}\d{{4,6}}{_NUMBER_AFTER}"),
        0,
        93,
        _words(r"pin(?: code| number)?(?: is|:|=| to)?[^\w]{0,3}$"),
    ),
    Rule(
        "PASSWORD",
        _shape(
            (
                r"(?:password|passwd|pwd|passphrase|contrase\u00f1a)(?: is| =|:|=| es)"
                r"\s{0,3}[\"'\u201c]?(?P<v>[^\s\"'\u201d,;]{4,64})(?<![.])"
            ),
            re.I,
        ),
        93,
    ),
    Rule(
        "USERNAME",
        _shape(
            (
                r"(?<![\w@])(?:(?:user ?name|user ?id|login)(?: is|:|=)|(?:user|handle)[:=])"
                r"\s{0,3}[\"'\u201c]?(?P<v>@?[A-Za-z0-9_.@-]{2,40}[A-Za-z0-9_])"
            ),
            re.I,
        ),
        85,
    ),
    Rule("USERNAME", _shape(r"(?<![\w@.])@[A-Za-z_]\w{2,29}(?!\.?[\w@])"), 85),
    Rule("AGE", _shape(r"(?<![\w.,-])(?:1[01]\d|\d{1,2})[ -]years?[ -]olds?(?!\w)", re.I), 97),
    Rule("AGE", _shape(r"(?:\bage[d:]?(?: is| of)?|\bedad:?)\s{1,3}(?P<v>1[01]\d|\d{1,2})(?![\w.,]\d|\w)", re.I), 95),
    Rule("AGE", _shape(r"(?<!\w)(?P<v>1[01]\d|\d{1,2} a\u00f1os)(?: de edad)(?!\w)", re.I), 97),
    Rule(
        "DATE_TIME",
        _shape(rf"(?<![\w.-])\d{{4}}[-/](?:0?[1-9]|1[0-2])[-/](?:0?[1-9]|[12]\d|3[01])(?!\d){_CLOCK}"),
        99,
    ),
    Rule(
        "DATE_TIME",
        _shape(
            rf"(?<![\w./-])(?:0?[1-9]|[12]\d|3[01])([./-])(?:0?[1-9]|[12]\d|3[01])\1(?:\d{{4}}|\d\d)"
            rf"(?![\w/]|[.-]\d){_CLOCK}"
        ),
        90,
    ),
    Rule(
        "DATE_TIME",
        _shape(
            (
                rf"(?<![\w-])(?:the )?(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)? (?:of |de )"
                rf"?{_MONTH}(?:,? (?:de )?(?:1[89]|20)\d\d)?(?!\w)"
            ),
            re.I,
        ),
        95,
    ),
    Rule(
        "DATE_TIME",
        _shape(
            (
                rf"(?<![\w-]){_MONTH}\.? (?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?(?:,? (?:1[89]|20)\d\d)"
                rf"?(?![\w]|[.:]\d)"
            ),
            re.I,
        ),
        95,
    ),
    Rule(
        "PHONE",
        _shape(
            r"(?<![\w.,:/#-])(?:\+\d{1,3}[ .-]?)(?:\(0?\d{1,4}\)[ .-]?)?\d(?:[ .-]?\d)"
            r"{5,12}(?:[ ,]{0,2}(?:x|ext\.?) ?\d{1,6})?(?![\w/]|[.:-]\d)"
        ),
        97,
        check=_telephone,
    ),
    Rule(
        "PHONE",
        _shape(
            r"(?<![\w.,:/#-])(?:1[ .-])?\([2-9]?\d{1,4}\)[ .-]?\d{2,4}(?:[ .-]?\d{2,4})"
            r"{1,2}(?:[ ,]{0,2}(?:x|ext\.?) ?\d{1,6})?(?![\w/]|[.:-]\d)"
        ),
        93,
        check=_telephone,
    ),
    Rule(
        "PHONE",
        _shape(
            r"(?<![\w.,:/#-])(?:1[ .-]|001[ .-])?[2-9]\d\d([.-])\d{3}\1\d{4}(?:[ ,]{0,2}(?:x|ext\.?)"
            r" ?\d{1,6})?(?![\w/]|[.:-]\d)"
        ),
        93,
        check=_telephone,
    ),
    Rule(
        "PHONE",
        _shape(
            r"(?<![\w.,:/#$-])\d{2,5}(?:[ .-]\d{2,5}){1,4}(?:[ ,]{0,2}(?:x|ext\.?) ?\d{1,6})" r"?(?![\w/%]|[.,:-]\d)"
        ),
        0,
        93,
        _PHONE_WORDS,
        _telephone,
        follows=_PHONE_BEHIND,
    ),
    Rule(
        "PHONE",
        _shape(rf"{_NUMBER_BEFORE}\d{{7,13}}(?:x\d{{1,6}})?{_NUMBER_AFTER}"),
        0,
        90,
        _PHONE_WORDS,
        _telephone,
        follows=_PHONE_BEHIND,
    ),
)


def _named(ordered: tuple[Rule, ...]) -> dict[str, Rule]:
    seen: dict[str, int] = {}
    named: dict[str, Rule] = {}
    for rule in ordered:
        seen[rule.type] = seen.get(rule.type, 0) + 1
        named[f"{rule.type}-{seen[rule.type]}"] = rule
    return named


#: The rules by name: the type and the number of the rule within it.
NAMED = _named(RULES)


def find(text: str) -> list[Match]:
    """All matches of all rules, in order of ``begin``; they may overlap."""
    return sorted(
        (m for name, rule in NAMED.items() for m in rule.matches(text, name)), key=lambda m: (m.begin, -m.end)
    )
