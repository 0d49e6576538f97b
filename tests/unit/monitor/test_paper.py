"""Paper likeness: the form of a paper is found, what is set alike is let pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.paper import THRESHOLD, likeness, likest

PAPER = """三、非选择题：本题共5小题，共62分。
17．（12分）某兴趣小组用如图所示装置探究溶液的导电能力，请回答下列问题：
（1）接通电源后，灯泡较亮的是______。
（2）写出烧杯乙中发生反应的化学方程式：______。
18．下列有关说法正确的是（    ）
A．温度升高，反应速率减小    B．催化剂不参加反应
C．压强对固体没有影响    D．平衡时正逆速率相等
第5页（共8页）"""
ENGLISH = """Section B: Reading
21. According to the passage, why did the writer leave the town?
A. He had lost his job.  B. He disliked the weather.
C. He wanted to study music.  D. His brother asked him to.
22. What does the underlined word "it" refer to? (2 marks)
A. The train  B. The letter  C. The promise  D. The river"""
SHEET = """期末考试数学答题卡
姓名：＊＊ 班级：____
贴条形码区
1 A B C D
2 A B C D
3 A B C D
4 A B C D"""
HARMLESS = {
    "a worked solution": """18．下列有关说法正确的是（  ）
A．温度升高，反应速率减小  B．催化剂不参加反应
【答案】D
【解析】升高温度反应速率加快，A错误；催化剂参加反应，B错误；故选D。
【点评】本题考查化学平衡，难度不大。""",
    "a textbook": """第二章 化学反应速率
2.1 影响速率的因素
例1 为什么面团放在暖处发得更快？
解：温度升高，分子运动加快，有效碰撞增多。
练习 1. 说出生活中的三个例子。
图2.1-3 反应装置""",
    "a notice": """关于期末考试安排的通知
各位家长：
1. 考试时间为6月28日8:00，请考生携带准考证、2B铅笔入场。
2. 考试期间手机等电子设备不得带入考场。
咨询电话：12345678  特此通知。""",
    "a menu": """菜单
1. 宫保鸡丁 ￥28
2. 番茄炒蛋 ￥18
3. 米饭 ￥2
下单满50元减5元""",
    "a chat": "同学群（58）\n10:32\n小雨\n今天好热啊，下午去不去打球\n10:35\n阿明\n去！几点在哪里集合",
}


@pytest.mark.parametrize("page", [PAPER, ENGLISH, SHEET])
def test_a_page_of_a_paper_is_found_with_reasons(page):
    found = likeness(page)
    assert found.score >= THRESHOLD
    assert found.why


@pytest.mark.parametrize("kind", HARMLESS)
def test_what_is_set_like_a_paper_is_let_pass(kind):
    assert likeness(HARMLESS[kind]).score < THRESHOLD


def test_one_page_of_a_paper_is_found_inside_a_long_document():
    prose = "\n".join(["这一段讲的是河边的村子和村子里的人们如何度过漫长的夏天。"] * 60)
    assert likeness(prose).score < THRESHOLD
    assert likeness(f"{prose}\n{PAPER}\n{prose}").score >= THRESHOLD


def test_the_likest_of_several_pictures_counts_and_none_is_nothing():
    assert likest([HARMLESS["a menu"], PAPER]) == likeness(PAPER)
    assert likest([]).score == 0.0
    assert likeness("").score == likeness("第1题").score == 0.0


@given(st.text(max_size=400))
def test_any_text_has_a_score_from_0_to_1(text):
    assert 0.0 <= likeness(text).score <= 1.0
