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

_MEDIUM: Final = (
    "qq|扣扣|扣|抠|企鹅|秋秋|球球|微信|薇信|徽信|威信|微|薇|维|绿泡泡|wechat|weixin|wx|vx|v信|电报|飞机|telegram|whatsapp|"
    "tg|line|skype|discord|signal|kakao|群号?|裙|(?<![a-z])[vqw]"
)
_FIRST: Final = "[0-9$@a-z十百千万两几数微薇维徽威扣抠企秋球绿电飞群裙科份套位题门张道场给报酬收付交出结]"
"""Characters that a form begins with: the rest is passed by at a glance."""
_FORMS: Final = re.compile(
    rf"(?={_FIRST})(?:(?P<contact>(?:{_MEDIUM})(?:号码?|群|是|id)? ?[a-z_]{{0,6}}[0-9][0-9a-z_]{{4,18}}"
    rf"|(?:{_MEDIUM})(?:号码?|群|是|id)? ?[a-z][a-z_]{{1,10}}[0-9]{{2,12}}"
    r"|(?:line|skype|telegram|tg|wechat|discord|qq|微信|薇|电报) ?(?:id|live|号) ?[a-z][a-z0-9_]{4,18}"
    r"|@[a-z_][a-z0-9_]{3,})"
    r"|(?P<phone>(?<![0-9])"
    r"(?:1[3-9][0-9](?: ?[0-9]{4}){2}|[0-9]{7,12}|[0-9]{3,4} [0-9]{3,4} [0-9]{4}|44 [0-9]{4} ?[0-9]{6})"
    r"(?![0-9])"
    r"|x{7,})"
    r"|(?P<link>https? |www |(?<![a-z])(?:t|wa) me )"
    r"|(?P<price>\$ ?[0-9]+"
    r"|(?<![0-9.])(?:[0-9]{1,6}|[0-9两几数]?[十百千万][0-9两十百千]{0,4}) ?"
    r"(?:元|块钱|大洋|rmb|刀|美金|美元|usdt|usd|dollars|bucks|quid|pounds|euros|gbp|inr|rs(?![a-z])|米(?=1)"
    r"|(?:到手|出|包邮|到付|拿走|带走|全包|包过|不议价|可议|可刀|1口价|可小刀|卖|起步)(?!现|来|去|租|门))"
    r"|(?<![0-9.])(?:[0-9]{2,6}|[0-9几]?[十百千][0-9]?|[2-9几])块(?!儿|头)"
    r"|[1-9几][十百千万]元?(?:1科|每科|1套|每套|1份|1个|1位|1门|1场|1张|1题|1道|1次|块)"
    r"|(?<![0-9.])[1-9][0-9]{1,4}[1每/](?:科|套|份|位|门|场|张|题|道|次|人)"
    r"|(?<![0-9a-z.])[1-9][0-9]{0,3}(?:w|k|r|rmb)(?![0-9a-z])"
    r"|[科份套位题门张道场](?!(?:19|20)[0-9]{2}(?![0-9]))[0-9]{2,5}(?![0-9年月分题%个页道])"
    r"|(?:给|报酬|酬劳|收|付|交|出|结)[0-9几]?(?:[0-9]{2,5}|[十百千万])(?![0-9年月分名个人天题页道%])))"
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
