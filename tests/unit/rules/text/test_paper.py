"""Pages of papers told from posts, notices and worked solutions."""

from __future__ import annotations

import time

import pytest

from rules.text.layout import find_layout
from rules.text.paper import paper_likeness

PAGES = [
    "绝密★启用前\n2030年普通高等学校招生全国统一考试\n"
    "数学\n注意事项：\n"
    "1．答卷前，考生务必将自己的姓名、准考证号填写在答题卡上。",
    "一、选择题：本题共8小题，每小题5分，共40分。\n"
    "1．已知集合M={x|x>1}，则（    ）\nA．甲  B．乙  C．丙  D．丁",
    "17．（10分）\n记某数列的前n项和为S，已知……\n（1）求通项公式；\n（2）求前n项和．\n18．（12分）如图，四棱锥中",
    "姓名：______ 准考证号：______\n第Ⅰ卷（选择题 共60分）",
    "SECTION A\nAnswer all questions. Write your name and candidate number.\n"
    "1. Which of the following is true? [1 mark]\nA. one B. two C. three D. four",
]
OTHERS = [
    "今天的午饭：红烧肉 15元，青菜 3元，米饭管饱",
    "关于做好考试组织工作的通知\n各学院：现将有关事项通知如下，请认真贯彻执行。联系人：王老师",
    "例1 解：由题意得x=2，故选B。【解析】本题考查集合的运算，考查学生的计算能力。",
    "第三章 函数\n本节我们学习函数的单调性。定义：设函数f(x)的定义域为I……",
    "Chapter 4: photosynthesis. In this chapter you will learn how plants make sugar.",
    "",
]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_a_paper_is_likely_one(page: str) -> None:
    likeness = paper_likeness(page)
    assert likeness.score >= 0.5
    assert any(line.startswith("layout: ") for line in likeness.why)


@pytest.mark.parametrize("text", OTHERS)
def test_other_pages_are_not(text: str) -> None:
    assert paper_likeness(text).score < 0.5


@pytest.mark.parametrize(
    "unit",
    ["A. x B. x C. x D", "A.B.C.", "A. B. ", "（1）a", "(1)" + "a" * 200, "姓名：", "$a", "1. （", "_ 1"],
)
def test_no_text_takes_long_whatever_it_repeats(unit):
    text = (unit * (200_000 // len(unit) + 1))[:200_000]
    started_s = time.process_time()
    find_layout(text)
    assert time.process_time() - started_s < 3  # the first was 23 s on a quiet core, each is below 0.3 s


def test_options_are_found_across_any_kind_of_space():
    for space in (" ", "\u3000", "\xa0", "\u2003", "\n", "\u2028"):
        text = space.join(("A．一二三四五", "B．一二三四五", "C．一二三四五", "D．一二三四五"))
        assert {found.terms[0].term for found in find_layout(text)} >= {"options A B C", "options A to D"}
