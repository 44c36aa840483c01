"""Texts that break careless code: every engine must answer them."""

from __future__ import annotations

HARD_TEXTS = [
    "",
    " \n\t ",
    "!!! ... ???",
    "\x00\x00",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea",
    "caf\u0065\u0301 na\u00efve Z\u0351\u036b\u0343\u0363\u0308",
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645",
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
    "\u4eca\u5929\u5929\u6c14\u5f88\u597d\u3002\u6211\u4eec\u53bb\u516c\u56ed\u3002",
    "\ud83d lone surrogate",
    "a",
    "1234567890",
    "\u200b\u200e\ufeff",
]
