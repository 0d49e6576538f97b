"""Hub and edges are upgraded in either order: what the first released form says is understood for ever.

tests/data/link holds one message of each kind as the first released form writes it, of MessagePack ones as
JSON. It is never changed: a change that needs it to be is one that a province cannot make while it runs.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from monitor.alert import wire
from monitor.alert.alert import Alert
from monitor.link.orders import ListenAsk, Sound, StareAsk, Stared
from monitor.link.words import Answer, Ask, Kept, NodeReport, Receipt

FROZEN = Path(__file__).parents[3] / "data" / "link"
KINDS: dict[str, Any] = {
    "alert": Alert,
    "answer": Answer,
    "ask": Ask,
    "ask_keep": StareAsk,
    "ask_listen": ListenAsk,
    "ask_quiet": ListenAsk,
    "ask_release": StareAsk,
    "ask_sound": ListenAsk,
    "ask_stare": StareAsk,
    "kept": Kept,
    "receipt": Receipt,
    "report": NodeReport,
    "sound": Sound,
    "stared": Stared,
}
AT = datetime(2026, 6, 7, 1, 32, 10, 500_000, tzinfo=UTC)


def frozen(name: str) -> bytes:
    return (FROZEN / f"{name}.json").read_bytes()


FREE = frozenset({"labels", "annotations", "texts", "event", "why", "n_dropped", "refused"})
"""Fields whose content is data, with names that are not ours."""


def of_the_future(value: Any) -> Any:
    """`value` with a field more in each record, as a later version may send it."""
    if isinstance(value, dict):
        return {"zz_new": {"deep": [1]}} | {
            name: one if name in FREE else of_the_future(one) for name, one in value.items()
        }
    return [of_the_future(one) for one in value] if isinstance(value, list) else value


def missing(old: Any, new: Any, place: str = "") -> list[str]:
    """Places of `old` that `new` has not, or has with a value of another kind."""
    if isinstance(old, dict) and isinstance(new, dict):
        found: list[str] = []
        for name, value in old.items():
            here = f"{place}.{name}"
            found += missing(value, new[name], here) if name in new else [here]
        return found
    if isinstance(old, list) and isinstance(new, list) and len(new) == len(old):
        return [one for pair in zip(old, new, strict=True) for one in missing(*pair, f"{place}[]")]
    return [] if type(old) is type(new) and not isinstance(old, list) else [place]


def test_a_message_of_each_kind_is_kept():
    assert {path.stem for path in FROZEN.glob("*.json")} == set(KINDS)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_what_the_first_form_wrote_is_read(name):
    read = msgspec.json.decode(frozen(name), type=KINDS[name])
    if isinstance(read, NodeReport):
        assert (read.node, read.offset_s, read.outbox.n_dropped) == ("no1-high", 0.25, {"low": 2})
        assert (read.parts[0].problems, read.health.sensors[0].bands[0].revisit_s) == (("low",), 2.5)
    if isinstance(read, Alert):
        assert wire.decode(frozen(name)) == read
        assert (read.id, read.updated_at.second, read.rules[0].at) == ("e1", 19, AT)
    if isinstance(read, Answer):
        assert (read.at, read.known, read.done_seq, read.last_seq) == (AT, ["e1"], 7, 9)
    if isinstance(read, NodeReport):
        assert read.can == [], "an edge of the first form can nothing of what came later"
    if isinstance(read, Sound):
        assert (read.first, read.frames[0].content, read.frames[1].away_hz) == (3, b"\x00\x01\x02", 433e6)
    if isinstance(read, Receipt):
        assert (read.ids, list(read.refused), read.hub) == (["e1"], ["e2"], "hub-1")


@pytest.mark.parametrize("name", sorted(KINDS))
def test_fields_of_a_later_form_are_left_out(name):
    later = json.dumps(of_the_future(json.loads(frozen(name)))).encode()
    now, then = (msgspec.json.decode(body, type=KINDS[name]) for body in (frozen(name), later))
    assert now == then


@pytest.mark.parametrize("name", sorted(KINDS))
def test_what_is_written_today_has_all_that_the_first_form_reads(name):
    read = msgspec.json.decode(frozen(name), type=KINDS[name])
    written = wire.encode(read) if isinstance(read, Alert) else msgspec.json.encode(read)
    assert missing(json.loads(frozen(name)), json.loads(written)) == []


def test_a_renamed_field_would_be_noticed():
    old = json.loads(frozen("answer"))
    assert missing(old, {("serial" if name == "done_seq" else name): one for name, one in old.items()}) == [
        ".done_seq"
    ]
    assert missing(old, {**old, "known": "e1"}) == [".known"]
