"""Rules and events over pools so small that limits are hit and missed often.

Rules are made from a seed, which Hypothesis draws: drawing each part of a rule from it
costs twenty times the time.
"""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import strategies as st

from rules.condition import And, Name, Not, Of, Or
from rules.rule import Both, Rule, Sample, Selection, Test

LIMITS = ["gt", "gte", "lt", "lte"]
NUMBERS = [1.0, 2.0, 3.0, 4.0, 5.0]
TEXTS = [
    "卖答案 加微信",
    "出 售*答案，考前 发",
    "good luck. everyone",
    "question 1 A question 2 B",
    "",
    "买了答案。卖了书",
]
NEEDLES = ["答案", "卖答案", "question", "luck everyone", "微 信", "考前"]
WORDS = ["nfm", "am", "fsk2"]
FLAGS = ["dc", "image", "edge"]
MOMENTS = [1780797600.0, 1780801200.0]


def conditions(names: list[str]):
    leaf = st.one_of(
        st.sampled_from(names).map(Name),
        st.builds(Of, st.booleans(), st.sampled_from(["them", "s*", names[0]])),
    )

    def grown(inner):
        several = st.lists(inner, min_size=2, max_size=3).map(tuple)
        return st.one_of(inner.map(Not), several.map(And), several.map(Or))

    return st.recursive(leaf, grown, max_leaves=6)


def _pair(draw: Random) -> tuple[float, float]:
    low, high = sorted(draw.sample(NUMBERS, 2))
    return low, high


def make_test(draw: Random) -> Test:
    def some(pool: list) -> tuple:
        return tuple(draw.sample(pool, draw.randint(1, min(3, len(pool)))))

    def listed(name: str, type_: str, modifiers: list[str], pool: list[str]) -> Test:
        values = some(pool)
        return Test(name, type_, draw.choice(modifiers), values, len(values) > 1 and draw.random() < 0.4)

    return draw.choice(
        [
            lambda: Test(
                "snr_db", "number", draw.choice(["gt", "gte", "lt", "lte"]), (draw.choice(NUMBERS),)
            ),
            lambda: Test("bursts", "number", "equals", some(NUMBERS)),
            lambda: Test(
                draw.choice(["snr_db", "bursts"]),
                "number",
                draw.choice(["between", "within"]),
                tuple({_pair(draw) for _ in range(draw.randint(1, 3))}),
            ),
            lambda: listed("modulation", "word", ["equals"], WORDS),
            lambda: listed("service", "word", ["contains", "startswith", "endswith"], ["a", "b", "ab"]),
            lambda: listed("service", "word", ["re"], ["a+b", "^b", "c$"]),
            lambda: listed("flags", "words", ["equals"], FLAGS),
            lambda: Test("flags", "words", "empty", (draw.random() < 0.5,)),
            lambda: Test("new", "flag", "equals", (draw.random() < 0.5,)),
            lambda: listed("decoded_text", "text", ["contains", "startswith", "endswith"], NEEDLES),
            lambda: listed("decoded_text", "text", ["re"], ["答.{0,2}案", "[0-9] [ab]", "luck"]),
            lambda: listed("decoded_text", "text", ["is", "mainly"], ["sell", "help"]),
            lambda: Test("at", "instant", draw.choice(["gte", "lt"]), (draw.choice(MOMENTS),)),
            lambda: Test("snr_db", "number", "exists", (draw.random() < 0.5,)),
            lambda: Test("decoded_text", "text", "exists", (draw.random() < 0.5,)),
        ]
    )()


def make_condition(draw: Random, names: list[str], depth: int = 0):
    kind = draw.random()
    if depth > 3 or kind < 0.35:
        return (
            Name(draw.choice(names)) if kind < 0.3 else Of(kind < 0.33, draw.choice(["them", "s*", names[0]]))
        )
    if kind < 0.55:
        return Not(make_condition(draw, names, depth + 1))
    items = tuple(make_condition(draw, names, depth + 1) for _ in range(draw.randint(2, 3)))
    return And(items) if kind < 0.8 else Or(items)


def make_rule(draw: Random, number: int) -> Rule:
    names = [f"s{index}" for index in range(draw.randint(1, 4))]

    def alternative() -> tuple[Test, ...]:
        tests = [make_test(draw) for _ in range(draw.randint(1, 3))]
        return tuple({(test.field, test.modifier, test.every): test for test in tests}.values())

    def alternatives() -> tuple[tuple[Test, ...], ...]:
        return tuple(alternative() for _ in range(draw.randint(1, 3)))

    return Rule(
        id=f"rule-{number}",
        title=Both("Title", "标题"),
        advice=Both("Look: it's “here” # now", "先看\n再说"),
        kind="radio",
        level=draw.choice(["low", "medium", "high", "critical"]),
        category="signal",
        selections=tuple(
            Selection(n, tuple(alternative() for _ in range(draw.randint(1, 3)))) for n in names
        ),
        condition=make_condition(draw, names),
        samples=(Sample(({"kind": "radio", "snr_db": 3.0, "flags": ["dc"]},), True, "note: a"),),
        owner="radio",
        labels=("venue", "channel"),
        false_positives=(Both("none", "无"),),
        references=("yes",),
        tags=("a: b", "null"),
        version=draw.randint(1, 9),
        status="experimental",
    )


def make_event(draw: Random) -> dict:
    event = {
        "snr_db": draw.choice([*NUMBERS, 0, 6, 2.5, float("nan"), None, "3", True]),
        "bursts": draw.choice([0, 1, 2, 3, 6, float("inf"), None]),
        "modulation": draw.choice([*WORDS, None, 3]),
        "service": draw.choice(["a", "ab", "aab", "bc", "xabx", ""]),
        "flags": draw.sample(FLAGS, draw.randint(0, 3)),
        "new": draw.choice([True, False, None]),
        "decoded_text": draw.choice(TEXTS),
        "at": draw.choice(["2026-06-07T02:00:00+00:00", "2026-06-07T03:00:00Z", "noon"]),
    }
    return {"kind": "radio"} | {name: event[name] for name in event if draw.random() < 0.8}


@pytest.fixture(scope="session")
def some_conditions():
    return conditions(["alpha", "beta", "s1"])


@pytest.fixture(scope="session")
def rules_from_seed():
    """A function: seed -> a few rules."""

    def make(seed: int) -> list[Rule]:
        draw = Random(seed)
        return [make_rule(draw, number) for number in range(draw.randint(1, 8))]

    return make


@pytest.fixture(scope="session")
def events_from_seed():
    """A function: seed -> a few events."""

    def make(seed: int) -> list[dict]:
        draw = Random(seed)
        return [make_event(draw) for _ in range(8)]

    return make


@pytest.fixture(scope="session")
def made_offers():
    """Texts that sell, seek or claim something, of every category that trades or spreads."""
    contact = ["加V信 gk001", "QQ 1000002", "telegram @x_demo"]
    exams = ["高考", "四六级", "研究生考试", "成人高考", "gaokao", "IELTS"]
    bodies = [
        "{exam}答案出售，准确率100%，先看后付，{contact}",
        "专业代考，{exam}可替考，考后付款，不过不收费，{contact}",
        "{exam}米粒隐形耳机、橡皮接收器现货，防屏蔽，包教会，{contact}",
        "{exam}改分内部操作，预付订金，不过全额退款，{contact}",
        "听说{exam}泄题了，昨晚群里就有人发了原题，一模一样",
        "在考场，{exam}谁会做这道题，我可以出钱，十分钟内给答案，{contact}",
        "SELLING leaked {exam} answers, 100% accurate, delivered the night before. {contact}",
        "We take your {exam} test for you, pay after you pass, {contact}",
        "{exam}加油，祝大家都能考出好成绩",
    ]
    return [b.format(exam=exam, contact=c) for b in bodies for exam in exams for c in contact]
