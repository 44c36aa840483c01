"""<w role>: English words that are spelt alike and said differently by their part of speech (pronunciations in IPA)."""

from __future__ import annotations

#: Base verb, past of a verb, noun, adjective, determiner, preposition, a word's other sense.
ROLES = frozenset({f"amazon:{role}" for role in ("VB", "VBD", "NN", "JJ", "DT", "IN", "SENSE_1", "DEFAULT")})

_ENGLISH: dict[str, dict[str, str]] = {
    "read": {"VB": "ˈɹiːd", "VBD": "ˈɹɛd"},
    "lead": {"VB": "ˈliːd", "NN": "ˈliːd", "SENSE_1": "ˈlɛd"},
    "live": {"VB": "ˈlɪv", "JJ": "ˈlaɪv"},
    "bass": {"NN": "ˈbeɪs", "SENSE_1": "ˈbæs"},
    "tear": {"VB": "ˈtɛɹ", "NN": "ˈtɪɹ", "SENSE_1": "ˈtɛɹ"},
    "wind": {"VB": "ˈwaɪnd", "NN": "ˈwɪnd"},
    "wound": {"VBD": "ˈwaʊnd", "NN": "ˈwuːnd"},
    "close": {"VB": "ˈkloʊz", "JJ": "ˈkloʊs"},
    "use": {"VB": "ˈjuːz", "NN": "ˈjuːs"},
    "record": {"VB": "ɹɪˈkɔːɹd", "NN": "ˈɹɛkɚd"},
    "object": {"VB": "əbˈdʒɛkt", "NN": "ˈɑːbdʒɛkt"},
    "present": {"VB": "pɹɪˈzɛnt", "NN": "ˈpɹɛzənt", "JJ": "ˈpɹɛzənt"},
    "permit": {"VB": "pɚˈmɪt", "NN": "ˈpɜːmɪt"},
    "bow": {"VB": "ˈbaʊ", "NN": "ˈboʊ", "SENSE_1": "ˈbaʊ"},
    "row": {"VB": "ˈɹoʊ", "NN": "ˈɹoʊ", "SENSE_1": "ˈɹaʊ"},
}


def pronunciation(word: str, role: str, language: str) -> str:
    """How ``word`` is said in that role; empty where its spelling says all there is."""
    if not language.lower().startswith("en"):
        return ""
    return _ENGLISH.get(word.lower(), {}).get(role.removeprefix("amazon:"), "")
