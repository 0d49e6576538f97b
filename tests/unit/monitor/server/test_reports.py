"""Reports over the API: within scope, harmless in a browser, and each in the audit with its hash."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import shutil
import threading

import pytest
from aiohttp.test_utils import TestClient, TestServer

from monitor.case.habits import Habits
from monitor.case.machine import Step
from monitor.case.playbook import playbooks
from monitor.case.service import CaseService
from monitor.clock import FakeClock
from monitor.people.scope import EVERYTHING, Scope
from monitor.server.app import make_server_app
from monitor.server.problem import ProblemError
from monitor.server.reports import MOST_WAITING, Printer
from monitor.server.services import ServerServices
from monitor.store import Store
from monitor.store.book import StoreBook
from tests.unit.monitor.conftest import make_alert
from tests.unit.monitor.server.conftest import NOON

MORNING = "from=2026-06-07T00:00:00Z&to=2026-06-07T12:00:00Z"


class Desk:
    def __init__(self, book, cases, client, case) -> None:
        self.book, self.cases, self.client, self.case = book, cases, client, case

    async def get(self, path):
        async with self.client.get(path) as answer:
            return answer.status, answer.headers, await answer.read()


@pytest.fixture
async def desk(world, tmp_path):
    clock = FakeClock(NOON)
    book = StoreBook(Store(f"sqlite:{tmp_path / 'c.db'}"), clock)
    alerts = [
        make_alert(str(n), labels={"document": f"d{n}"}, venue=f"no{n + 1}", starts_at=NOON, updated_at=NOON)
        for n in range(2)
    ]
    book.store.merge(alerts, NOON)
    cases = CaseService(book, Habits(), playbooks(), clock, {"en": "First School", "zh": "第一中学"})
    case = await cases.open([one.fingerprint for one in alerts], "li", EVERYTHING)
    await cases.step(case.id, Step("transfer", "li", department="cyberspace"), EVERYTHING)
    services = ServerServices(
        book, world.open_evidence, world.health, clock.now, cases=cases, record=book.record,
        read_audit=book.read_audit,
    )  # fmt: skip
    async with TestClient(TestServer(make_server_app(services, world.settings()))) as client:
        yield Desk(book, cases, client, case.id)
    await book.close()


@pytest.mark.parametrize(
    ("language", "told"),
    [("zh", ("第一中学", "网信与宣传部门")), ("en", ("First School", "Cyberspace and publicity"))],
)
async def test_a_case_is_a_page_in_either_language_and_stands_in_the_audit(desk, language, told):
    status, headers, page = await desk.get(f"/api/cases/{desk.case}/report?language={language}")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    for word in (desk.case, *told):
        assert word in page.decode()
    _, _, audit = await desk.get("/api/audit?action=report.")
    assert hashlib.sha256(page).hexdigest() in audit.decode()
    assert f'"subject":"{desk.case}"' in audit.decode()


async def test_a_session_without_findings_is_reported_too(desk):
    status, _, page = await desk.get(f"/api/reports/session?{MORNING}&language=en")
    assert status == 200
    assert desk.case in page.decode()
    _, _, empty = await desk.get(
        "/api/reports/session?from=2026-06-08T00:00:00Z&to=2026-06-08T02:00:00%2B00:00&language=en"
    )
    assert "Nothing" in empty.decode()
    assert desk.case not in empty.decode()


async def test_the_page_can_run_nothing_and_its_own_style_alone_is_allowed(desk):
    _, headers, page = await desk.get(f"/api/cases/{desk.case}/report")
    policy = headers["Content-Security-Policy"]
    style = re.search(r"<style>(.*?)</style>", page.decode(), re.DOTALL)[1]
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy
    assert "script" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/cases/C0607-ABCDEF/report", 404, "not-found"),
        ("/api/cases/{case}/report?language=fr", 400, "bad-parameter"),
        ("/api/cases/{case}/report?format=docx", 400, "bad-parameter"),
        ("/api/cases/{case}/report?lang=zh", 400, "bad-parameter"),
        ("/api/reports/session?from=2026-06-07T00:00:00Z", 400, "bad-parameter"),
        ("/api/reports/session?from=2026-06-07T00:00:00&to=2026-06-07T01:00:00", 400, "bad-parameter"),
        ("/api/reports/session?from=2026-06-07T00:00:00Z&to=9999-12-31T23:59:59Z", 400, "bad-parameter"),
        ("/api/reports/session?from=2026-06-07T02:00:00Z&to=2026-06-07T01:00:00Z", 400, "bad-parameter"),
    ],
)
async def test_what_cannot_be_made_is_refused_and_is_not_in_the_audit(desk, path, status, code):
    got, _, body = await desk.get(path.format(case=desk.case))
    assert (got, code in body.decode()) == (status, True)
    _, _, audit = await desk.get("/api/audit?action=report.")
    assert b'"entries":[]' in audit


async def test_a_report_shows_nobody_another_venue(desk):
    mine = Scope(frozenset({"no1"}))
    page = await desk.cases.report(desk.case, "en", mine)
    one, other = (make_alert(str(n), labels={"document": f"d{n}"}, venue=f"no{n + 1}") for n in range(2))
    assert f'<span class="hash">{one.fingerprint}' in page
    assert f'<span class="hash">{other.fingerprint}' not in page
    found = await desk.cases.session_report(NOON, NOON.replace(hour=12), "en", mine)
    assert one.fingerprint in found
    assert other.fingerprint not in found


@pytest.mark.skipif(not any(map(shutil.which, ("chromium", "chromium-browser"))), reason="needs chromium")
async def test_a_report_is_a_pdf_where_that_is_asked(desk):
    status, headers, content = await desk.get(f"/api/cases/{desk.case}/report?format=pdf")
    assert (status, headers["Content-Type"]) == (200, "application/pdf")
    assert headers["Content-Disposition"] == f'attachment; filename="case-{desk.case}-zh.pdf"'
    assert content.startswith(b"%PDF")


async def test_few_wait_for_the_printer_and_it_prints_one_at_a_time():
    release = threading.Event()
    printing = threading.Semaphore(1)

    def print_slowly(_html):
        assert printing.acquire(blocking=False)
        release.wait(10)
        printing.release()
        return b"%PDF"

    printer = Printer(print_slowly)
    waiting = [asyncio.create_task(printer.pdf(str(n))) for n in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(ProblemError) as refused:
        await printer.pdf("one too many")
    assert (refused.value.status, refused.value.code) == (503, "busy")
    release.set()
    assert await asyncio.gather(*waiting) == [b"%PDF"] * MOST_WAITING
    assert await printer.pdf("again") == b"%PDF"


async def test_cases_are_found_by_playbook_and_by_words(desk):
    for query, n in (
        ("kind=radio", 1),
        ("kind=paper", 0),
        (f"q={desk.case[-6:].lower()}", 1),
        ("q=100%25", 0),
    ):
        _, _, body = await desk.get(f"/api/cases?{query}")
        assert f'"total":{n}' in body.decode(), query


async def test_alerts_are_found_by_case_and_by_channel(desk):
    event = {"kind": "radio", "center_hz": 169_500_000.0}
    near = make_alert("near", labels={"channel": "169.5 MHz"}, event=event)
    far = make_alert("far", labels={"channel": "170 MHz"}, event={**event, "center_hz": 170e6})
    desk.book.store.merge([near, far], NOON)
    _, _, body = await desk.get("/api/alerts?near_hz=169504000")
    assert (near.fingerprint in body.decode(), far.fingerprint in body.decode()) == (True, False)
    post, copy = (
        make_alert(name, kind="web", labels={"document": name}, event={"document": name, "repost_of": of})
        for name, of in (("post", None), ("copy", "post"))
    )
    desk.book.store.merge([post, copy], NOON)
    _, _, body = await desk.get("/api/alerts?copies_of=post")
    assert (post.fingerprint in body.decode(), copy.fingerprint in body.decode()) == (True, True)
    assert '"total":2' in body.decode()
    _, _, body = await desk.get("/api/alerts?copies_of=copy")
    assert '"total":1' in body.decode()
    _, _, body = await desk.get(f"/api/alerts?case={desk.case}")
    assert '"total":2' in body.decode()
