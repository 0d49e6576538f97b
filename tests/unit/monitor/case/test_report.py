"""Reports: all that was found and done is on the page, and strangers' words do nothing there."""

from __future__ import annotations

import shutil
from datetime import UTC, timedelta

import pytest

from monitor.case.habits import Habits
from monitor.case.machine import Step
from monitor.case.playbook import playbooks
from monitor.case.press import Press
from monitor.case.reader import CaseQuery, CaseReader
from monitor.case.register import CaseRegister
from monitor.case.report import Frame, case_report, session_report
from monitor.case.words import WORDS
from monitor.pdf import print_pdf
from monitor.people.scope import EVERYTHING
from monitor.server.alert_services import AlertQuery
from monitor.store import Store
from monitor.store.query import AlertReader
from monitor.timetable import Timetable
from tests.unit.monitor.conftest import NOON, make_alert

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def made(tmp_path):
    store = Store(f"sqlite:{tmp_path / 's.db'}")
    event = {"kind": "web", "text": EVIL, "published_at": "2026-06-07T03:50:00Z", "url": "http://x/?a=1&b=2"}
    store.merge([make_alert("1", event=event)], NOON)
    register = CaseRegister(store, Habits())
    print_ = make_alert("1").fingerprint
    case = register.step_on_alert(print_, Step("judge", "li", verdict="scam"), NOON + timedelta(minutes=4))
    yield store, case
    store.close()


def frame(store, language):
    return Frame("第一中学", language, NOON, UTC, store.head())


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_case_is_reported_whole_with_hashes_and_strangers_words_escaped(made, language):
    store, case = made
    whole = CaseReader(store.reader).get(case.id)
    alerts = [AlertReader(store.reader).get_alert(one, NOON) for one in whole.listed.alerts]
    html = case_report(whole, alerts, playbooks().get(case.kind), frame(store, language))
    for told in (case.id, WORDS["scam"][language], "li", store.head().hash, "2026-06-07 03:50:00 UTC"):
        assert told in html
    assert alerts[0].evidence[0].digest.removeprefix("sha256:") in html
    assert EVIL not in html
    assert "&lt;script&gt;" in html


def test_what_people_wrote_is_on_the_page_word_for_word(made):
    store, case = made
    CaseRegister(store, Habits()).step(case.id, Step("note", "li", text="found"), NOON)
    html = case_report(CaseReader(store.reader).get(case.id), [], None, frame(store, "zh"))
    history = html.partition(WORDS["history"]["zh"])[2]
    assert "<td>found " in history
    assert WORDS["found"]["zh"] not in history


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_session_is_reported_also_when_nothing_was_found(made, language):
    store, _ = made
    empty = session_report([], [], NOON, NOON + timedelta(hours=2), frame(store, language))
    assert WORDS["nothing_found"][language] in empty
    assert WORDS["all_worked"][language] in empty
    failure = make_alert("h", kind="health", labels={"part": "sensor"}, level="high")
    store.merge([failure], NOON)
    views = AlertReader(store.reader).list_alerts(AlertQuery(), NOON).alerts
    cases, _ = CaseReader(store.reader).page(CaseQuery(), NOON)
    html = session_report(views, cases, NOON, NOON + timedelta(hours=2), frame(store, language))
    assert WORDS["nothing_found"][language] not in html
    assert "10.0" in html  # minutes from publication to alert
    assert "4.0" in html  # and from alert to verdict
    assert WORDS["all_worked"][language] not in html


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_drill_is_no_finding_and_is_told_apart(made, language):
    store, _ = made
    played = [make_alert(f"d{n}", channel=f"d{n}", drill=True) for n in range(3)]
    store.merge(played, NOON)
    reader, span = AlertReader(store.reader), (NOON, NOON + timedelta(hours=2))
    alone = session_report(
        [one for one in reader.of_span(*span, NOON, EVERYTHING) if one.drill],
        [],
        *span,
        frame(store, language),
    )
    assert WORDS["nothing_found"][language] in alone
    html = Press(store, playbooks(), timetable=Timetable()).session(*span, language, NOON)
    found, _, drills = html.partition(WORDS["drills"][language])
    assert "<td>1</td>" in found
    assert "<td>4</td>" not in found
    assert all(one.fingerprint not in found for one in played)
    assert all(one.fingerprint in drills for one in played)


def test_a_report_knows_when_what_has_long_rung_was_told_first(made):
    store, _ = made
    (told,) = AlertReader(store.reader).of_span(NOON, NOON, NOON, EVERYTHING)
    for n in range(1, 30):
        again = make_alert(f"1-{n}", at_s=60.0 * n, event={**told.event})
        store.merge([again], NOON + timedelta(minutes=n))
    span = (NOON + timedelta(minutes=20), NOON + timedelta(hours=2))
    html = Press(store, playbooks(), timetable=Timetable()).session(*span, "en", NOON)
    times = html.partition(WORDS["speed"]["en"])[2].partition("</table>")[0]
    # Published at 3:50, told at 4:00, judged at 4:04, and still ringing at 4:29.
    assert [word for word in ("10.0", "4.0", "14.0") if f"<td>{word}</td>" in times] == [
        "10.0",
        "4.0",
        "14.0",
    ]
    # Neither before it began nor of another time.
    before = Press(store, playbooks(), timetable=Timetable()).session(
        NOON - timedelta(hours=2), NOON - timedelta(hours=1), "en", NOON
    )
    assert WORDS["nothing_found"]["en"] in before


@pytest.mark.browser
@pytest.mark.skipif(shutil.which("chromium") is None, reason="Debian's chromium is not installed")
def test_a_report_prints_as_pdf(made):
    store, case = made
    whole = CaseReader(store.reader).get(case.id)
    assert print_pdf(case_report(whole, [], None, frame(store, "zh"))).startswith(b"%PDF-")


@pytest.mark.parametrize(("language", "told"), [("zh", "查获"), ("en", "found")])
def test_what_came_of_it_on_the_scene_is_told(made, language, told):
    store, case = made
    register = CaseRegister(store, Habits())
    at = NOON + timedelta(minutes=6)
    register.step(case.id, Step("notify", "li", department="police"), at)
    register.step(case.id, Step("finish", "li", outcome="found"), at)
    html = Press(store, playbooks(), timetable=Timetable()).case(case.id, language, at)
    assert f"<td>{told}</td>" in html
