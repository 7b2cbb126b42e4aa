"""The embedded data: names of characters, each with the kind of character that it names."""

import unicodedata
from typing import Any

from .rows import Part, Row

KINDS = {
    "Lu": "uppercase letter",
    "Ll": "lowercase letter",
    "Lo": "other letter",
    "Lm": "other letter",
    "Mn": "mark",
    "Mc": "mark",
    "Me": "mark",
    "Nd": "number",
    "Nl": "number",
    "No": "number",
    "Pc": "punctuation",
    "Pd": "punctuation",
    "Ps": "punctuation",
    "Pe": "punctuation",
    "Pi": "punctuation",
    "Pf": "punctuation",
    "Po": "punctuation",
    "Sm": "symbol",
    "Sc": "symbol",
    "Sk": "symbol",
    "So": "symbol",
}
"""by Unicode's general category; titlecase letters, spaces and controls are too few to learn"""
NUMBERED = ("CJK UNIFIED IDEOGRAPH", "CJK COMPATIBILITY IDEOGRAPH", "HANGUL SYLLABLE")
"""names that go by a number or by their sound, tens of thousands of them"""


def list_names() -> list[Row]:
    """Return 12,704 names of characters with their kinds, the same ones in every Python.

    They are those of Unicode 3.2, which Python keeps as it was for internationalised domain names.
    """
    old, rows = unicodedata.ucd_3_2_0, []
    for code in range(0x20000):  # behind it are ideographs alone
        kind = KINDS.get(old.category(chr(code)))
        name = kind and old.name(chr(code), "")
        if name and not name.startswith(NUMBERED):
            rows.append(Row(f"U+{code:04X}", name.lower(), kind))
    return rows


def read_names(cfg: Any) -> dict[str, Part]:
    """Return the names, which are all to be divided."""
    return {"train": Part("the names", list_names())}
