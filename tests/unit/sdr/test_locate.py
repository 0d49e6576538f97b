"""Areas of made senders, and the polygons round them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.locate import trial
from sdr.locate import BLOCK_M, Area, Heard, locate, strongest


def levels(
    sender: tuple[float, float], places: list[tuple[float, float]], exponent: float = 3.5
) -> list[Heard]:
    return [
        Heard(str(i), x, y, -20 - 10 * exponent * np.log10(max(np.hypot(x - sender[0], y - sender[1]), 10)))
        for i, (x, y) in enumerate(places)
    ]


GRID = [(x * 200.0, y * 200.0) for x in range(4) for y in range(3)]


@pytest.mark.parametrize(("n", "beyond_m"), [(3, 200.0), (4, 0.0), (6, 200.0), (12, 0.0), (12, 400.0)])
def test_the_area_holds_the_sender_at_least_88_times_in_100(n: int, beyond_m: float) -> None:
    rng = np.random.default_rng(1)
    held = [
        trial(rng, n, 500.0, beyond_m, float(rng.uniform(4, 10)), float(rng.uniform(2.5, 4.5)))[0]
        for _ in range(150)
    ]
    # 90 % less twice the scatter of 150 draws would be 85 %; the benchmark's figures are 92 to 96 %.
    assert np.mean(held) >= 0.88


def test_more_sensors_make_a_smaller_area() -> None:
    few, many = locate(levels((250, 210), GRID[:4])), locate(levels((250, 210), GRID))
    assert few is not None
    assert many is not None
    assert many.area_m2 < few.area_m2
    assert many.holds(250, 210)


def test_the_likeliest_block_is_near_a_sender_heard_without_shadowing() -> None:
    area = locate(levels((330.0, 170.0), GRID))
    assert area is not None
    assert np.hypot(area.likeliest_m[0] - 330, area.likeliest_m[1] - 170) < 1.5 * BLOCK_M


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0, 30), st.floats(-90, -10)), min_size=3, max_size=8))
@settings(max_examples=40, deadline=None)
def test_no_area_is_ever_smaller_than_a_block(raw) -> None:
    area = locate([Heard(str(i), x, y, level) for i, (x, y, level) in enumerate(raw)])
    if area is not None:
        assert area.block_m >= BLOCK_M
        assert area.area_m2 >= BLOCK_M**2


@given(st.floats(-5000, 5000), st.floats(-60, 60))
@settings(max_examples=20, deadline=None)
def test_the_area_moves_with_the_sensors_and_ignores_the_power(shift: float, power: float) -> None:
    shift = round(shift / BLOCK_M) * BLOCK_M
    base = locate(levels((250, 210), GRID))
    moved = locate(
        [Heard(h.sensor, h.x_m + shift, h.y_m, h.level_db + power) for h in levels((250, 210), GRID)]
    )
    assert base is not None
    assert moved is not None
    assert moved.x0_m == pytest.approx(base.x0_m + shift)
    assert abs(int(moved.blocks.sum()) - int(base.blocks.sum())) <= 1


@pytest.mark.parametrize("n", [0, 1, 2])
def test_fewer_than_three_sensors_give_no_area(n: int) -> None:
    heard = levels((100, 100), GRID[:n])
    assert locate(heard) is None
    assert (strongest(heard) is None) == (n == 0)


def test_three_sensors_on_one_mast_are_one_place() -> None:
    assert locate([Heard(str(i), 10.0, 10.0, -50.0 + i) for i in range(3)]) is None


def test_sensors_that_all_read_alike_say_little() -> None:
    area = locate([Heard(str(i), x, y, -50.0) for i, (x, y) in enumerate([(0, 0), (60, 0), (0, 60)])])
    assert area is not None
    assert area.is_vague


# --- polygons ---


def area_of(rows: list[str]) -> Area:
    blocks = np.array([[cell == "#" for cell in row] for row in rows])
    return Area(0.0, 0.0, 100.0, blocks, (0.0, 0.0))


def signed(ring: list[tuple[float, float]]) -> float:
    return 0.5 * sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))


def test_a_block_is_a_square_with_four_corners() -> None:
    (((*corners, last),),) = area_of(["#"]).rings()
    assert last == corners[0]
    assert sorted(corners) == [(0.0, 0.0), (0.0, 100.0), (100.0, 0.0), (100.0, 100.0)]


def test_a_hole_is_a_hole_of_the_ring_around_it() -> None:
    ((outer, hole),) = area_of(["###", "#.#", "###"]).rings()
    assert signed(outer) == 90_000
    assert signed(hole) == -10_000


def test_an_island_in_a_hole_is_a_polygon_of_its_own() -> None:
    polygons = area_of(["#####", "#...#", "#.#.#", "#...#", "#####"]).rings()
    assert sorted(len(polygon) for polygon in polygons) == [1, 2]


@given(st.lists(st.text(alphabet="#.", min_size=5, max_size=5), min_size=1, max_size=6))
def test_rings_close_and_hold_just_as_much_as_the_blocks(rows: list[str]) -> None:
    area = area_of(rows)
    polygons = area.rings()
    rings = [ring for polygon in polygons for ring in polygon]
    assert all(ring[0] == ring[-1] and len(ring) >= 5 for ring in rings)
    assert all(signed(polygon[0]) > 0 for polygon in polygons)
    assert sum(signed(ring) for ring in rings) == area.area_m2
