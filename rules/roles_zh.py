"""What stands behind a verdict on a text, in Chinese: the roles of words and the forms of a paper."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rules.text.answers import ANSWERS
from rules.text.score import LOWERED

ROLES_ZH: Final = {
    "deal": "成套兜售",
    "offer": "提供",
    "object": "标的",
    "exam": "考试",
    "contact": "联系方式",
    "price": "价格",
    "time": "时间",
    "guarantee": "担保",
    "ask": "求助",
    "hall": "身在考场",
    "claim": "称已泄露",
    "layout": "版式",
    "news": "新闻",
    "warning": "警示",
    "doubt": "质疑",
    "negation": "否定",
    "study": "备考",
    "chat": "闲谈",
    "other": "其他领域",
}
FORMS_ZH: Final = {
    "options A B C": "选项 A B C",
    "options A to D": "选项 A 至 D",
    "numbered questions": "题号",
    "number with its marks": "题号与分值",
    "parts (1) (2)": "小问（1）（2）",
    "material or passage headings": "材料或短文标题",
    "numbered or typeset blanks": "编号或排版填空",
    "typeset formulas": "排版公式",
    "marks in brackets": "括号分值",
    "blanks": "填空",
    "formulas": "公式",
    "fields for name and seat": "姓名与座位栏",
    ANSWERS: "成串答案",
}


def because_zh(why: Iterable[str]) -> str:
    """Lines of `Verdict.why`, ``role: words``; the words themselves are the text's own."""
    return "；".join(map(_line, why))


def _line(line: str) -> str:
    told, _, words = line.partition(": ")
    role = told.removeprefix(LOWERED)
    shown = "、".join(FORMS_ZH.get(word, word) for word in words.split(", "))
    return f"{'减分·' if told != role else ''}{ROLES_ZH.get(role, role)}：{shown}"
