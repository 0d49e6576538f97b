"""Even trains of bursts, and how alike two sketches are."""

from __future__ import annotations

from random import Random

import pytest

from rules.sketch import likeness, sketch
from rules.window import even_period
from tests.unit.rules.test_correlate import BODIES, event, rule_of, told


def test_the_period_is_found_though_bursts_are_missed_and_not_in_talk():
    assert even_period([0, 360, 1081, 1440], 10, 900, 0.05) == pytest.approx(360, abs=1)
    assert even_period([0, 30, 61, 90, 119], 10, 900, 0.05) == pytest.approx(29.75)
    assert even_period([0, 47, 190, 223, 580], 10, 900, 0.05) == 0
    assert even_period([0, 5, 10, 15], 10, 900, 0.05) == 0


def test_a_burst_between_the_others_spoils_a_train_unless_it_comes_after_the_telling():
    train = [event(seconds, seconds) for seconds in (0, 30, 60, 90)]
    between = event(71, 71)
    rule = rule_of(BODIES["period"])
    assert told(rule, [*train, between]) == ["no1 e90"]
    assert told(rule, [*train[:3], between, train[3]]) == []


def test_chance_makes_fewer_than_three_in_ten_thousand_random_trains_even():
    draw = Random(1)
    n_even = 0
    for _ in range(20_000):
        starts = [0.0]
        for _ in range(4):
            starts.append(starts[-1] + max(5.0, draw.expovariate(1 / draw.choice([30, 120, 600]))))
        n_even += even_period(starts, 10, 900, 0.03) > 0
    assert n_even <= 6


def test_the_likeness_of_sketches_is_near_the_share_of_common_grams():
    draw = Random(3)
    words = [chr(draw.randrange(0x4E00, 0x9000)) for _ in range(400)]
    one = "".join(words)
    for n_same in (400, 300, 200, 0):
        other = "".join(words[:n_same]) + "".join(
            chr(draw.randrange(0x4E00, 0x9000)) for _ in range(400 - n_same)
        )
        true = max(0, n_same - 3) / (2 * 397 - max(0, n_same - 3))
        assert likeness(sketch(one), sketch(other)) == pytest.approx(true, abs=0.15)
    assert sketch("太短") is None
    assert sketch("高考答案出售，考前一天发，加微信 gk001，非诚勿扰") == sketch(
        "高考答案*出售!考前一天发 加微信 gk002，非诚勿扰"
    )
