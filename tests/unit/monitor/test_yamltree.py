from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from monitor import yamltree
from monitor.faults import InputError

HERE = Path("x.yml")


def faults(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        yamltree.parse(text, HERE)
    return [str(fault) for fault in caught.value.faults]


def test_values_are_those_of_yaml_1_2_and_instants_stay_text():
    tree = yamltree.parse("a: [1, 0x10, 1_000, 1.5, .inf, true, ~, on, 2026-06-07T09:00:00, 'q', 1e3]", HERE)
    assert tree.value["a"] == [
        1,
        16,
        1000,
        1.5,
        float("inf"),
        True,
        None,
        "on",
        "2026-06-07T09:00:00",
        "q",
        1000.0,
    ]


def test_each_value_knows_its_line_and_what_is_missing_that_of_what_is_around_it():
    tree = yamltree.parse("a: 1\nb:\n  - c: 2\n    d: 3\n", HERE)
    assert [tree.line(where) for where in (("a",), ("b",), ("b", 0, "d"), ("b", 0, "e"), ("z",))] == [
        1,
        2,
        4,
        3,
        1,
    ]


def test_doubled_keys_are_told_all_at_once():
    assert faults("a: 1\nb: {c: 1, c: 2}\na: 2\n") == [
        "x.yml:2: key 'c' stands twice (first in line 2)",
        "x.yml:3: key 'a' stands twice (first in line 1)",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [*x]",
        "\n".join(["a0: &a0 [x,x]"] + [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]),
        "[" * 5000,
    ],
)
def test_what_would_unfold_without_end_is_refused(text):
    assert len(faults(text)) == 1


@pytest.mark.parametrize(
    "text", ["a: !!python/object:os.system x", "a: !mine 3", "? [1]\n: 2", "a: b: c", "a: \t1\n\t"]
)
def test_what_has_no_place_in_such_a_file_is_refused(text):
    assert faults(text)[0].startswith("x.yml")


def test_a_file_that_is_not_text_or_not_there_is_named(tmp_path):
    (tmp_path / "g.yml").write_bytes("a: 1\nb: 高考\n".encode("gb18030"))
    for name, message in (
        ("g.yml", "g.yml:2: not UTF-8 text"),
        ("none.yml", "none.yml: cannot be read: No such file"),
    ):
        with pytest.raises(InputError, match=message):
            yamltree.read(tmp_path / name)
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        yamltree.read(tmp_path)


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")
    count: int
    name: str = ""


def test_kinds_are_strict_and_unknown_keys_get_a_hint():
    tree = yamltree.parse("count: '3'\nnmae: x\nname: 4\n", HERE)
    with pytest.raises(InputError) as caught:
        yamltree.validate(tree, Model)
    assert [str(fault) for fault in caught.value.faults] == [
        "x.yml:1: count: Input should be a valid integer",
        "x.yml:2: unknown key 'nmae', did you mean 'name'?",
        "x.yml:3: name: Input should be a valid string",
    ]


@given(st.text(alphabet=" \n:-[]{}&*!|>'\"#%@`,?abc019.~", max_size=60))
@example("a: .inf")
def test_no_text_does_anything_but_parse_or_be_refused(text):
    with contextlib.suppress(InputError):
        yamltree.parse(text, HERE)
