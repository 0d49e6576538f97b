"""Contact handles and prices: evidence that has a form rather than a wording.

Works on canonical text, where digits of all dresses are plain and V信, 薇, 扣扣, a penguin
have become letters or words.
"""

from __future__ import annotations

import re
from typing import Final

from rules.text.lexicon import ANY, Found, Term

_CONTACT: Final = Term("number or name to reach", "", ANY, "contact", 0.8, is_form=True)
_PHONE: Final = Term("telephone number", "", ANY, "contact", 0.5, is_form=True)
_LINK: Final = Term("link", "", ANY, "contact", 0.35, is_form=True)
_PRICE: Final = Term("price", "", ANY, "price", 0.55, is_form=True)

_FORMS: Final = re.compile(
    r"(?P<contact>(?:qq|扣扣|扣|企鹅|微信|薇信|薇|徽信|威信|wechat|weixin|wx|vx|v信|telegram|whatsapp|tg|群号?|裙|"
    r"(?<![a-z])[vqw])(?:号码?|群|是|id)? ?[a-z_]{0,6}[0-9][0-9a-z_]{4,18}"
    r"|@[a-z_][a-z0-9_]{3,})"
    r"|(?P<phone>(?<![0-9])"
    r"(?:1[3-9][0-9](?: ?[0-9]{4}){2}|[0-9]{7,12}|[0-9]{3,4} [0-9]{3,4} [0-9]{4})(?![0-9])"
    r"|x{7,})"
    r"|(?P<link>https? |www |(?<![a-z])(?:t|wa) me )"
    r"|(?P<price>\$ ?[0-9]+|(?<![0-9.])[0-9]{2,6} ?"
    r"(?:元|块|rmb|刀|美金|美元|usdt|usd|dollars|bucks|pounds|euros|gbp|inr|rs)"
    r"|[1-9几][百千万]元?(?:1科|每科|1套|1份|1个|块))"
)
_TERMS: Final = {"contact": _CONTACT, "phone": _PHONE, "link": _LINK, "price": _PRICE}


def find_handles(canonical_text: str) -> list[Found]:
    """Contact handles and prices with their canonical ranges."""
    found: list[Found] = []
    for match in _FORMS.finditer(canonical_text):
        kind = match.lastgroup
        if kind is not None:
            found.append(Found((_TERMS[kind],), match.start(), match.end()))
    return found
