"""Both sides of the event: what intake makes and what rules may ask for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from crawlers.document import Attachment, Document
from monitor.alert import wire
from monitor.bandplan import BandPlan, Row
from monitor.flatten import (
    FOR_PEOPLE,
    RadioContext,
    emission_session,
    flat_document,
    flat_emission,
)
from monitor.timetable import Name, Session, SessionContext, Timetable
from rules.event import FIELDS
from rules.facts import value_of
from rules.rule import IDENTITY
from rules.text.bank import BankMatch
from sdr.types import Emission

AT = datetime(2026, 6, 7, 1, 32, 10, tzinfo=UTC)
IN = SessionContext("in", "gaokao", "chinese", 32.2)
PLAN = BandPlan((Row(433e6, 434.79e6, "short-range", 0.2),))

EMISSION = Emission(
    id="01J0",
    sensor="roof",
    start_s=3.2,
    end_s=3.66,
    first_seen=AT,
    last_seen=AT + timedelta(seconds=0.46),
    ended=True,
    center_hz=433.92e6,
    bandwidth_hz=12_100.0,
    snr_db=18.2,
    peak_dbfs=-32.1,
    bursts=3,
    on_time_s=0.42,
    duty_cycle=0.9,
    modulation="fsk2",
    decoded=({"by": "multimon-ng", "text": "AB"}, {"by": "rtl_433", "text": "CD"}),
    flags=("edge",),
)
DOCUMENT = Document(
    id="d1",
    source="forum",
    url="http://x/1",
    author="li",
    title="题目",
    text="正文",
    published_at=None,
    first_seen_at=AT - timedelta(minutes=3),
    fetched_at=AT,
    digest="sha256:0",
    version=2,
    attachments=(Attachment("u", "sha256:1", "image/png", "图中字", ("http://qr",)),),
)


def test_an_emission_has_exactly_the_fields_that_rules_know():
    event = flat_emission(EMISSION, RadioContext("v1", IN, "433.925 MHz", 2), PLAN)
    assert set(event) == set(FIELDS["radio"]) | set(IDENTITY["radio"])


def test_a_document_has_exactly_the_fields_that_rules_know():
    event = flat_document(DOCUMENT, IN)
    assert set(event) == set(FIELDS["web"]) | set(IDENTITY["web"]) | FOR_PEOPLE


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        ("radio", flat_emission(EMISSION, RadioContext("v1", IN, "433.925 MHz", 2), PLAN)),
        ("web", flat_document(DOCUMENT, IN)),
    ],
)
def test_every_value_is_of_the_kind_that_rules_read(kind, event):
    for name, field in FIELDS[kind].items():
        if event[name] is not None:
            assert value_of(event[name], field.type) is not None, name
        if field.values and isinstance(event[name], str):
            assert event[name] in field.values


def test_an_event_goes_into_an_alert_whatever_numbers_its_instrument_uses():
    heard = replace(EMISSION, snr_db=np.float64(18.5), bursts=np.int64(3))
    event = wire.plain(flat_emission(heard, RadioContext("v1", IN, "433.925 MHz", 2), PLAN))
    assert (event["snr_db"], event["bursts"], event["at"]) == (18.5, 3, "2026-06-07T01:32:10.460000Z")
    assert {type(value) for value in event.values()} <= {str, int, float, bool, list, type(None)}


def test_an_emissions_context_comes_from_plan_and_timetable():
    event = flat_emission(EMISSION, RadioContext("v1", IN, "433.925 MHz", 2), PLAN)
    assert (event["phase"], event["venue"], event["n_repeats"]) == ("in", "v1", 2)
    assert (event["service"], event["band_weight"]) == ("short-range", 0.2)
    assert (event["decoded_by"], event["decoded_text"]) == (["multimon-ng", "rtl_433"], "AB\nCD")
    assert event["known_device"] is True
    assert event["channel"] == "433.925 MHz"


def test_without_a_survey_everything_is_new_and_with_one_the_survey_says():
    def new(value):
        return flat_emission(replace(EMISSION, new=value), RadioContext(None, IN, "c"), PLAN)["new"]

    assert [new(None), new(True), new(False)] == [True, True, False]


def test_the_text_of_a_document_holds_title_and_attachments():
    event = flat_document(DOCUMENT, IN)
    assert event["text"] == "题目\n正文\n图中字"
    assert (event["edited"], event["age_minutes"], event["has_image"], event["has_qr"]) == (
        True,
        3.0,
        True,
        True,
    )


def test_a_post_shows_the_three_times_that_people_compare():
    event = flat_document(replace(DOCUMENT, published_at=AT - timedelta(days=1)), IN)
    assert [event[name] for name in ("published_at", "first_seen_at", "fetched_at")] == [
        AT - timedelta(days=1),
        AT - timedelta(minutes=3),
        AT,
    ]


def test_what_memory_knows_of_a_post_reaches_the_rules():
    event = flat_document(replace(DOCUMENT, placeholder=True, n_reposts=7, repost_of="first"), IN)
    assert (event["placeholder"], event["n_reposts"], event["repost_of"]) == (True, 7, "first")


def test_the_likest_picture_that_was_read_counts_and_an_unread_one_does_not():
    def likeness(*attachments):
        return flat_document(replace(DOCUMENT, attachments=attachments), IN)["paper_likeness"]

    unread = Attachment("u", "sha256:1", "image/png")
    blank = replace(unread, pdq="0" * 64)
    paper = replace(
        unread,
        text="绝密★启用前\n2026年普通高等学校招生全国统一考试\n数学\n注意事项：\n"
        "1.答卷前，考生务必将自己的姓名、准考证号填写在答题卡上。\n"
        "一、选择题：本题共8小题，每小题5分，共40分。",
    )
    assert likeness(unread) is None
    assert likeness(replace(paper, media_type="application/pdf")) is None
    assert likeness(blank) < 0.1
    assert likeness(blank, paper) == likeness(paper) > 0.7


def test_the_bank_is_asked_about_all_of_the_text_and_its_best_answers_count():
    asked = []

    def find_items(text):
        asked.append(text)
        return [BankMatch("1", 0.4, 31), BankMatch("2", 0.8, 12)]

    event = flat_document(DOCUMENT, IN, find_items)
    assert asked == ["题目\n正文\n图中字"]
    assert (event["bank_containment"], event["bank_longest_run"]) == (0.8, 31)
    found_none = flat_document(DOCUMENT, IN, lambda _: [])
    assert (found_none["bank_containment"], found_none["bank_longest_run"]) == (0.0, 0)
    assert flat_document(DOCUMENT, IN)["bank_containment"] is None


def test_an_emission_that_begins_inside_a_session_and_ends_after_it_counts_as_inside():
    start = AT - timedelta(hours=1)
    table = Timetable((Session("e", "s", Name("", ""), start, AT, ("v",)),))

    def phase(first_s: float, last_s: float) -> str:
        heard = replace(
            EMISSION, first_seen=AT + timedelta(seconds=first_s), last_seen=AT + timedelta(seconds=last_s)
        )
        return emission_session(table, heard, "v").phase

    assert [phase(-5, -1), phase(-5, 5), phase(1, 5), phase(-4000, -10)] == ["in", "in", "after", "in"]
