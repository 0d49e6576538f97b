"""What people read names venues as the timetable does; what programs compare keeps the id."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from monitor.notify.group import Message, Told
from monitor.notify.message import body
from monitor.store.merge import Merged
from tests.unit.monitor.conftest import make_alert

NOON = datetime(2026, 6, 7, 4, 0, tzinfo=UTC)


def told(labels: dict[str, str]) -> dict[str, Any]:
    alert = make_alert("a", venue="no1")
    values = {name: getattr(alert, name, None) for name in Merged.__dataclass_fields__}
    one = Merged(**{**values, "fingerprint": "f1", "count": 1})
    message = Message("first", ("f1",), (), Told())
    return body(message, {"f1": one}, {}, labels, "No. 1", {"no1": "第一中学"}, "zh", NOON)


def test_the_place_stands_by_name_above_and_by_id_in_the_record():
    said = told({"venue": "no1"})
    assert "venue=第一中学" in said["text"]
    assert (said["labels"], said["firing"][0]["venue"]) == ({"venue": "no1"}, "no1")


def test_each_line_says_the_place_where_what_the_group_has_in_common_does_not():
    assert "] 第一中学 · " in told({"level": "high"})["text"]
    assert "] 第一中学 · " not in told({"venue": "no1"})["text"]
