"""Hub and sensors are upgraded in either order: what one version wrote, each other version reads.

The two records below are frozen in the form that edges in the field write, and never change. A newer
program may add fields that have a default, and nothing else.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, replace

import msgspec
import pytest

from monitor.alert import wire
from monitor.alert.alert import Alert, EvidenceRef, RuleHit
from tests.unit.monitor.conftest import make_alert

FIRST = """\
{"annotations":{"title_en":"Carrier","title_zh":"载波"},"cause":"em-1","ends_at":null,"event":{"kind":"radio"},
"id":"a-1","kind":"radio","labels":{"channel":"433.925 MHz","venue":"v1"},"level":"high",
"starts_at":"2026-06-07T01:30:00Z","updated_at":"2026-06-07T01:30:05Z","why":[]}"""
"""The least that an edge writes: none of the fields that came later."""

SECOND = """\
{"annotations":{},"cause":"doc-1@1","drill":false,"ends_at":"2026-06-07T02:00:00Z","event":{"kind":"web"},
"evidence":[{"at":"2026-06-07T01:30:00Z","digest":"sha256:00","media_type":"text/plain","n_bytes":12,
"path":"00.txt","role":"document"}],"experimental":false,"id":"a-2","kind":"web","labels":{"document":"d"},
"level":"critical","rules":[{"at":"2026-06-07T01:30:00Z","category":"paper","event_id":"a-2",
"experimental":false,"level":"critical","rule":"web-paper","texts":{"title_en":"t"}}],
"starts_at":"2026-06-07T01:30:00Z","updated_at":"2026-06-07T01:30:00Z","venue":null,"why":[]}"""
"""0.1.0."""

REQUIRED = {
    Alert: {
        "id", "cause", "kind", "level", "labels", "annotations", "starts_at", "updated_at", "ends_at", "why",
        "event",
    },
    EvidenceRef: {"digest", "media_type", "role", "path", "n_bytes", "at"},
    RuleHit: {"rule", "level", "category", "experimental", "texts", "at", "event_id"},
}  # fmt: skip


def test_an_older_edges_alert_is_read_with_todays_defaults():
    alert = wire.decode(FIRST)
    assert (alert.id, alert.level, alert.ends_at) == ("a-1", "high", None)
    assert (alert.evidence, alert.rules, alert.drill, alert.experimental, alert.venue) == (
        [],
        [],
        False,
        False,
        None,
    )
    second = wire.decode(SECOND)
    assert (second.rules[0].rule, second.evidence[0].n_bytes) == ("web-paper", 12)
    # Identity does not hang on the version: the hub merges what old and new edges say of one channel.
    assert alert.fingerprint == "c66dd89aaba0dd61"


@pytest.mark.parametrize("text", [FIRST, SECOND])
def test_read_and_written_again_an_alert_is_what_it_was(text):
    alert = wire.decode(text)
    again = json.loads(wire.encode(alert))
    old = json.loads(text)
    assert {key: again[key] for key in old} == old
    assert wire.decode(wire.encode(alert)) == alert


def test_what_a_newer_edge_adds_is_passed_over_wherever_it_stands():
    newer = json.loads(SECOND)
    newer["bearing_deg"] = 31.5
    newer["evidence"][0]["codec"] = {"name": "opus", "rate": [1, 2]}
    newer["rules"][0]["budget"] = None
    newer["event"]["bearing_deg"] = 31.5
    alert = wire.decode(json.dumps(newer))
    plain = wire.decode(SECOND)
    assert alert.evidence == plain.evidence
    assert alert.rules == plain.rules
    # The event is the rules' own and keeps what it has.
    assert alert.event == {**plain.event, "bearing_deg": 31.5}


@pytest.mark.parametrize("kind", list(REQUIRED))
def test_no_field_is_required_that_an_older_version_did_not_write(kind):
    without = {one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING}
    assert without == REQUIRED[kind]


def test_a_required_field_that_is_gone_is_refused_and_not_guessed():
    for name in REQUIRED[Alert]:
        spoiled = {key: value for key, value in json.loads(FIRST).items() if key != name}
        with pytest.raises(msgspec.DecodeError, match=name):
            wire.decode(json.dumps(spoiled))


def test_the_same_alert_is_the_same_bytes_in_every_run():
    assert wire.encode(make_alert("a")) == wire.encode(wire.decode(wire.encode(make_alert("a"))))


def test_what_no_database_takes_gives_way_one_for_one_and_all_else_stays_the_same():
    hostile = replace(
        make_alert("h"),
        labels={"venue": "v1", "who": "a\0b"},
        event={"kind": "web", "text": "答\0案\ud800 \\u0000", "list": ["\0", 1, None], "\0": {"x": "\udfff"}},
    )
    found = wire.sound(hostile)
    assert found.labels["who"] == "a\ufffdb"
    assert found.event == {
        "kind": "web",
        "text": "答\ufffd案\ufffd \\u0000",
        "list": ["\ufffd", 1, None],
        "\ufffd": {"x": "\ufffd"},
    }
    assert replace(found, labels=hostile.labels, event=hostile.event) == hostile
    assert wire.decode(wire.encode(hostile)) == found
    plain = make_alert("p")
    assert wire.sound(plain) is plain
