"""Does a page of text look like a page of an exam paper? The form asks, the context answers.

    wording of papers (rules.text)  ─┐
    numbering, options, marks, blanks ├─ logistic ──> 0 to 1
    solutions, textbook, notice, chat ┘

What a paper says is in the lexicon of the rules; what this adds is how its lines are set, and
what else is set that way: worked solutions, textbooks, notices, menus. Each sign counts by how
often it stands on the page, less with every time. Weights: a logistic regression over one half
of the pages of `benchmarks.page_texts`; docs/reading.md has what was measured, and its limits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import exp
from typing import Final

from rules.text.paper import paper_likeness

THRESHOLD: Final = 0.5
WINDOW_LINES: Final = 60
"""A document is judged page by page: a book is not a paper because it is long."""
STEP_LINES: Final = 45
MAX_WINDOWS: Final = 40
MIN_CHARS: Final = 20
"""Letters and digits; what has fewer shows no page."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A pattern whose places on a page are counted."""

    name: str
    pattern: re.Pattern[str]
    half: float
    """Number of places that makes 0.63 of the whole sign."""
    weight: float


def _sign(name: str, half: float, weight: float, *patterns: str) -> Sign:
    return Sign(name, re.compile("|".join(patterns), re.IGNORECASE | re.MULTILINE), half, weight)


SIGNS: Final = (
    _sign("options", 3, 2.67, r"(?<![A-Za-z])[(]?[A-D][.、:)]\s?\S"),
    _sign("marks", 1, 0.69, r"[(\[]\s?(?:本小?题)?(?:满分|共|计)?\s?\d{1,3}\s?(?:分|marks?|points?)\s?[)\]]"),
    _sign("blanks", 2, 0.54, r"_{2,}", r"[(]\s{0,8}[)]", r"(?<=[a-z])\s+\d{2}\s+(?=[a-z])"),
    _sign(
        "asks",
        2,
        1.68,
        r"下列|以下哪[项一]|的是\s?[(]?\s?[)]?$|正确的[是一]|不正确|不符合|完成(?:下列|问题|下面)|回答(?:下列)?问题|概括|简要|结合材料",
        r"根据(?:材料|短文|上文|以上)|填空|[(]\d[)]\s?(?:求|证明|若|写出|分析|说明|请)|设集合|已知集合|取值范围|除了$|\?$|最类似|最能",
        r"which of the following|according to the (?:passage|text)|what (?:can|does|is) [^.]{3,40}\?",
        r"author|best title",
    ),
    _sign(
        "heading",
        1,
        0.7,
        r"(?:绝密|机密|秘密).{0,3}(?:启用|启封|考试结束)前",
        r"注意事项|考生注意|答卷前|统一考试|期[中末]考试|学业水平考试|试(?:题|卷)$|科目代码|满分.{0,2}\d{2,3}分",
        r"时量|考试时间.{0,2}\d{2,3}分钟|本试卷共|选择题.{0,4}本(?:大)?题共|第[IⅠⅡ12一二]+卷|答题卡|密封线|评卷人",
        r"time allowed|do not open|answer sheet|question booklet|total marks|answer all questions|omr",
        r"candidate(?:'s)? (?:name|number)|final assessment",
    ),
    # Judgement, not fitted: no public collection has answer sheets as text. Checked on 16 pictures of them.
    _sign(
        "answer sheet",
        1.0,
        6.0,
        r"^\W*\d{1,3}\W{1,4}(?:[A-E][\W_]{1,4}){2,}[A-E]?\W*$",
        r"^.{0,16}答题[卡纸]\s*$|缺考标记|贴条形码|条形码粘贴|填涂(?:样例|范例|示例|说明)",
        r"answer sheet|mark your answers|roll n(?:o|umber)|student number|omr sheet|cartão-resposta",
    ),
    _sign(
        "solution",
        0.7,
        -4.97,
        r"[【\[](?:答案|解析|分析|详解|解答|点评|考点|点睛|专题|思路)",
        r"答案[::]|解析[::]|参考答案|评分(?:标准|参考)|故选|故答案|^\s?解[::]|^\s?证明[::]|本题考查|考查(?:的|了)?|[∴∵]",
        r"选项(?:正确|错误)|[A-D](?:项)?(?:正确|错误|不正确|不选|不符)|排除|选\s?[A-D](?:项)?[.,。;]",
        r"故[A-D]|explanation|correct answer|the answer is",
    ),
    _sign(
        "reasoning",
        4,
        -0.93,
        r"可知|因此|所以|即可|因为|说明|题意|得[::]|由.{1,12}得|代入|解得|题干|therefore|hence",
    ),
    _sign(
        "past years",
        1,
        -0.9,
        r"历年|真题|模拟(?:卷|题)|逐题|精析|答案及?与?解析",
        r"[(（]20[012]\d[·.\s]|20[012]\d年?.{0,3}(?:全国|高考).{0,12}(?:答案|解析|详解)",
    ),
    _sign(
        "notice",
        1.5,
        -1.95,
        r"通知|公告|特此|各位|家长|附件|报名|缴费|逾期|咨询|电话|传真|有限公司|单位[::]|官网|公布|查询|招聘|启事",
        r"考生须知|凭准考证|携带|入场|离场|交卷|考点|进入考场|电子设备|温馨提示|教育考试院|交通管制|登记表|签章|备注",
    ),
    _sign(
        "textbook",
        1.2,
        -1.52,
        r"第.{1,3}[章节课]|§|^\s?例\s?\d|^\s?例题|^\s?定[义理]|^\s?推论|^\s?(?:思考|探究|练习|阅读与思考|小结|复习)",
        r"图\s?\d+[.\-]\d|表\s?\d+[.\-]\d|^\s?习题|本[章节]|参考文献|摘\s?要|关键词|isbn|目\s?录|^\d{1,2}\.\d{1,2}\s\D",
        r"chapter \d|figure \d|exercise \d|bibliography|本文|笔者|研究表明|et al",
    ),
    _sign(
        "chat and trade",
        1.5,
        -2.04,
        r"^\s?\d{1,2}[::]\d{2}\s?$|[¥￥$]\s?\d|\d元|微信|群聊|评论|回复|点赞|转发|撤回|\[(?:图片|语音|表情)\]",
        r"点餐|菜单|套餐|外卖|送餐|味道|下单|订单|配送|优惠券|服务态度|哈哈|hotel|coupon|receipt|total:",
    ),
)
"""Counted on text after NFKC, which makes full width narrow."""
WORDING_WEIGHT: Final = 4.21
CHAIN_WEIGHT: Final = 0.08
CHAIN_HALF: Final = 3.0
BIAS: Final = -3.51
_NUMBERED: Final = re.compile(r"^\s?(?:第\s?)?(\d{1,2})\s?[.、题](?!\d)")


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much a page looks like one of a paper."""

    score: float
    """0 to 1; `THRESHOLD` is the usual cut."""
    why: tuple[str, ...]
    """The signs that counted, the strongest first."""


def likeness(text: str) -> Likeness:
    """The likest page of a text of any length, its lines in reading order."""
    return max(
        (_of_page(page) for page in _pages(text)), key=lambda one: one.score, default=Likeness(0.0, ())
    )


def likest(texts: Iterable[str]) -> Likeness:
    """The likest of several texts, such as a document's pictures; 0 where there is none."""
    return max((likeness(text) for text in texts), key=lambda one: one.score, default=Likeness(0.0, ()))


def _pages(text: str) -> Iterator[str]:
    lines = text.split("\n")
    for number in range(MAX_WINDOWS):
        start = number * STEP_LINES
        if start and start + WINDOW_LINES - STEP_LINES >= len(lines):
            return
        yield "\n".join(lines[start : start + WINDOW_LINES])


def _of_page(page: str) -> Likeness:
    if sum(char.isalnum() for char in page) < MIN_CHARS:
        return Likeness(0.0, ())
    parts = [
        (name, weight * strength) for (name, strength), weight in zip(signs_of(page), _WEIGHTS, strict=True)
    ]
    score = 1.0 / (1.0 + exp(-(BIAS + sum(part for _, part in parts))))
    ranked = sorted((one for one in parts if abs(one[1]) >= 0.3), key=lambda one: -abs(one[1]))
    return Likeness(round(score, 3), tuple(f"{name} {part:+.1f}" for name, part in ranked))


_WEIGHTS: Final = (WORDING_WEIGHT, CHAIN_WEIGHT, *(sign.weight for sign in SIGNS))


def signs_of(page: str) -> list[tuple[str, float]]:
    """The strength, 0 to 1, of each sign on one page."""
    flat = unicodedata.normalize("NFKC", page)
    found = [
        ("wording of papers", paper_likeness(page).score),
        ("questions in order", 1.0 - exp(-_longest_chain(flat) / CHAIN_HALF)),
    ]
    for sign in SIGNS:
        n = sum(1 for _ in sign.pattern.finditer(flat))
        found.append((sign.name, 1.0 - exp(-n / sign.half)))
    return found


def _longest_chain(text: str) -> int:
    """Numbers at the start of lines that go up by one or two, as questions do; 0 for a single one."""
    numbers = [int(match[1]) for line in text.split("\n") if (match := _NUMBERED.match(line))]
    best = run = 0
    for before, after in pairwise(numbers):
        run = run + 1 if 0 < after - before <= 2 else 0
        best = max(best, run)
    return best
