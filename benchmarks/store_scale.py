"""What the console and the daemon ask of a store with millions of alerts, and how long each answer takes.

    python -m benchmarks.store_scale [--alerts 1000000] [--engine postgresql|sqlite|both]
                                     [--open N] [--explain MS] [--only WORD]

Each question is asked by the program's own code, again and again with other parameters, on a
store that is warm as it is in service (`benchmarks.store_fill` makes it). Prints figures and
judges nothing. Ten million want 25 GB of disk and a quiet machine.
"""

from __future__ import annotations

# ruff: noqa: E501 - a table of questions
import argparse
import itertools
import os
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy.event import listen, remove

from benchmarks import store_made as made
from benchmarks.store_fill import BASE, bare, dress, fill_postgresql, fill_sqlite, finish
from monitor.alert.alert import Alert, RuleHit
from monitor.case.habits import Habits
from monitor.case.reader import CaseQuery, CaseReader
from monitor.case.register import CaseRegister, NoSuchError
from monitor.duty.ledger import DutyLedger
from monitor.notify.ledger import Ledger
from monitor.notify.matcher import parse
from monitor.people.scope import EVERYTHING, Scope
from monitor.server.alert_services import AlertQuery
from monitor.store import Store
from monitor.store.audit import AuditQuery, read_entries
from monitor.store.listing import write_cursor
from monitor.store.partitions import n_strays
from monitor.store.past import past_events
from monitor.store.position import Position
from monitor.store.query import AlertReader
from monitor.store.retention import Kept, forget, holdings
from monitor.store.wall import WallReader
from tests.postgres import PASSWORD, running

REPEATS = 30
MOST_MS = 10_000.0
"""A question is not asked on after so long."""
NOW = made.LAST
SETTINGS = (
    "-c shared_buffers=2GB -c effective_cache_size=5GB -c work_mem=16MB -c maintenance_work_mem=512MB "
    "-c max_wal_size=4GB -c random_page_cost=1.1 -c effective_io_concurrency=200"
)
"""Those of configs/deploy/postgresql/examwatch.conf."""
BUDGET_MS = 200.0


@dataclass(frozen=True, slots=True)
class Question:
    name: str
    ask: Callable[[int], object]
    """With the number of the time it is asked."""
    is_live: bool = True
    """A person or the pipeline waits for it."""


def questions(store: Store, n_alerts: int) -> list[Question]:
    reader, cases, wall = AlertReader(store.reader), CaseReader(store.reader), WallReader(store.reader)
    register, ledger, duty = CaseRegister(store, Habits()), Ledger(store), DutyLedger(store)
    base = min(n_alerts, BASE)
    numbers = itertools.count()
    some_venues = Scope(venues=frozenset(f"venue-{n:03d}" for n in range(0, 20, 2)))
    one_venue = Scope(venues=frozenset({"venue-011"}))

    def alerts(i: int, **query: Any) -> object:
        return reader.list_alerts(AlertQuery(**query), NOW)

    def pages(i: int, **query: Any) -> object:
        """The page after some others."""
        cursor = None
        for _ in range(3):
            cursor = reader.list_alerts(AlertQuery(cursor=cursor, limit=200, **query), NOW).next_cursor
        return cursor

    def listed(name: str, **query: Any) -> Question:
        return Question(f"list: {name}", lambda i: alerts(i, **query))

    def name(i: int) -> str:
        return made.fingerprint(i * 7919 % base)

    def audit(**query: Any) -> object:
        with store.reader.connect() as db:
            return read_entries(db, AuditQuery(**query))

    def deep(i: int) -> object:
        return reader.list_alerts(AlertQuery(limit=50, cursor=_cursor_into(i)), NOW)

    def stored(n: int, at: datetime) -> list[Alert]:
        return [_alert(next(numbers), at) for _ in range(n)]

    def batch_again(i: int) -> object:
        """The same alerts again, with news of old ones."""
        old = [_alert(k, NOW) for k in range(50)]
        return store.merge([replace(one, id=f"again-{next(numbers)}") for one in old], NOW)

    def whole(i: int) -> object:
        # Of a few thousand made alerts there is not a case of each number.
        with suppress(NoSuchError):
            return cases.get(f"C{i * 331:09d}")

    def past(i: int) -> int:
        return sum(1 for _ in past_events(store.reader, {}, newest=500))

    sets = frozenset
    return [
        listed("all"),
        listed("open", review="open"),
        listed("judged", review="judged"),
        listed("mine", review="mine", asker="person-7"),
        listed("firing", state="firing"),
        listed("ended", state="ended"),
        listed("radio", kinds=sets({"radio"})),
        listed("correlation", kinds=sets({"correlation"})),
        listed("health, correlation", kinds=sets({"health", "correlation"})),
        listed("low", levels=sets({"low"})),
        listed("critical, high", levels=sets({"critical", "high"})),
        listed("drill", drill=True),
        listed("no drill", drill=False),
        listed("a venue", venue="venue-042"),
        listed("a venue, open", venue="venue-042", review="open"),
        listed("a venue, judged, web", venue="venue-042", review="judged", kinds=sets({"web"})),
        listed("a venue, correlation, low", venue="venue-042", kinds=sets({"correlation"}), levels=sets({"low"})),
        listed("correlation, critical, drill", kinds=sets({"correlation"}), levels=sets({"critical"}), drill=True),
        listed("health, firing", kinds=sets({"health"}), state="firing"),
        listed("radio, open, high", kinds=sets({"radio"}), levels=sets({"high"}), review="open", drill=False),
        listed("scope of 10 venues", scope=some_venues),
        listed("scope of 10 venues, open", scope=some_venues, review="open"),
        listed("scope of 10 venues, radio", scope=some_venues, kinds=sets({"radio"})),
        listed("scope of a venue, correlation", scope=one_venue, kinds=sets({"correlation"})),
        listed("scope of a venue, radio, judged", scope=one_venue, kinds=sets({"radio"}), review="judged"),
        listed("a case", case="C000001000"),
        Question("list: copies of a document", lambda i: alerts(i, copies_of=f"doc-{i * 3001}")),
        Question("list: near a frequency", lambda i: alerts(i, near_hz=433e6 + i * 25e3)),
        Question("list: three pages of 200", pages),
        Question("list: three pages of 200, open", lambda i: pages(i, review="open")),
        Question("list: a page in the middle", deep),
        Question("detail", lambda i: reader.get_alert(name(i), NOW)),
        Question("detail of what rang 5,000 times", lambda i: reader.get_alert(made.fingerprint(7 + (base // made.N_RINGING) * (i % made.N_RINGING)), NOW)),
        Question("live: newest number", lambda i: reader.last_change()),
        Question("live: 100 changes", lambda i: reader.changes_since(reader.last_change() - 100, 100, NOW)),
        Question("wall", lambda i: wall.view(NOW, EVERYTHING)),
        Question("wall, scope of 10 venues", lambda i: wall.view(NOW, some_venues)),
        Question("metrics: firing by kind", lambda i: reader.counts(NOW)),
        Question("evidence in scope", lambda i: reader.in_scope(f"sha256:{made.fingerprint(i * 1000) * 4}", one_venue)),
        Question("channels of a day", lambda i: len(reader.radio_channels(NOW - timedelta(hours=24))), False),
        Question("cases: open", lambda i: cases.page(CaseQuery(is_open=True), NOW)),
        Question("cases: all", lambda i: cases.page(CaseQuery(), NOW)),
        Question("cases: claimed", lambda i: cases.page(CaseQuery(states=sets({"claimed"})), NOW)),
        Question("cases: closed, of a department", lambda i: cases.page(CaseQuery(states=sets({"closed"}), department=f"department-{i % 8}"), NOW)),
        Question("cases: of an owner", lambda i: cases.page(CaseQuery(owner=f"person-{i % 60}"), NOW)),
        Question("cases: of a venue", lambda i: cases.page(CaseQuery(venue=f"venue-{i % 200:03d}"), NOW)),
        Question("cases: late", lambda i: cases.page(CaseQuery(late=True), NOW)),
        Question("cases: a common text", lambda i: cases.page(CaseQuery(text="narrowband 12"), NOW)),
        Question("cases: an id", lambda i: cases.page(CaseQuery(text=f"C{i * 331:09d}"), NOW)),
        Question("cases: a text that none has", lambda i: cases.page(CaseQuery(text="无此案件"), NOW)),
        Question("cases: one whole, with related", whole),
        Question("cases: late, for health", lambda i: cases.late(NOW)),
        Question("cases: open by department", lambda i: cases.open_by_department()),
        Question("audit: newest", lambda i: audit()),
        Question("audit: a subject", lambda i: audit(subject=f"C{i * 331:09d}")),
        Question("audit: a person", lambda i: audit(actor=f"person-{i % 60}")),
        Question("audit: nobody's", lambda i: audit(actor="nobody")),
        Question("audit: case.", lambda i: audit(action="case.")),
        Question("audit: an action that is rare", lambda i: audit(action="retention.forgot")),
        Question("audit: user.", lambda i: audit(action="user.")),
        Question("audit: alert.raised", lambda i: audit(action="alert.raised")),
        Question("health: strays", lambda i: n_strays(store.reader)),
        Question("notify: what changed", lambda i: Position("bench").changed(store)),
        Question("notify: what fires", lambda i: ledger.firing(NOW)),
        Question("notify: groups that are due", lambda i: ledger.due(NOW)),
        Question("notify: what a silence would hide", lambda i: ledger.would_hide([parse('venue="venue-042"')], NOW)),
        Question("duty: what nobody has seen", lambda i: duty.unseen(NOW)),
        Question("pipeline: 100 new alerts", lambda i: store.merge(stored(100, NOW), NOW)),
        Question("pipeline: news of 50 old ones", batch_again),
        Question("pipeline: which are stored", lambda i: store.stored([f"e{k:015x}{made.fingerprint(k)}" for k in range(i, i + 500)])),
        Question("cases: claim the next", lambda i: register.claim_next("person-1", NOW)),
        Question("rules: the newest 500 events", past),
        Question("retention: what is held", lambda i: holdings(store, Kept()), False),
        Question("retention: nothing to let go", lambda i: forget(store, Kept(), NOW), False),
    ]  # fmt: skip


def _cursor_into(i: int) -> str:
    """Into the midst of a level."""
    return write_cursor(i % 4, NOW - timedelta(days=3 + i % 20), "8" * 16)


def _alert(n: int, at: datetime) -> Alert:
    texts = {"title_en": "Unknown narrowband emission", "title_zh": "未知窄带信号"}
    hit = RuleHit("radio-unknown-narrowband", "high", "signal", False, texts, at, f"new-{n}")
    return Alert(
        id=f"new-{n}", cause=f"new-{n}", kind="radio", level="high",
        labels={"venue": f"venue-{n % 200:03d}", "channel": f"new {n}"}, annotations=texts,
        starts_at=at, updated_at=at, ends_at=at + timedelta(minutes=12), why=[],
        event={"kind": "radio", "center_hz": 433e6, "at": at.isoformat()}, venue=f"venue-{n % 200:03d}", rules=[hit],
    )  # fmt: skip


def servers(store: Store) -> list[Path]:
    """Where Linux tells what each of our database's processes has used of a processor."""
    if store.reader.dialect.name == "sqlite":
        return []
    with store.writer.connect() as _, store.reader.connect() as db:
        asked = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        return [Path(f"/proc/{pid}/schedstat") for pid in db.exec_driver_sql(asked).scalars()]


def used_ms(of: list[Path]) -> float:
    return time.process_time() * 1e3 + sum(int(path.read_text().split()[0]) for path in of) / 1e6


def measure(
    store: Store, some: list[Question], repeats: int
) -> Iterator[tuple[Question, np.ndarray, np.ndarray]]:
    """Each with milliseconds of processor, ours and the database's, and of the clock on the wall."""
    for question in some:
        question.ask(0)
        used: list[float] = []
        took: list[float] = []
        ours = servers(store)
        for i in range(repeats):
            before, began = used_ms(ours), time.perf_counter()
            question.ask(i)
            took.append((time.perf_counter() - began) * 1e3)
            used.append(used_ms(ours) - before)
            if i >= 2 and sum(took) > MOST_MS:
                break
        yield question, np.array(used), np.array(took)


@contextmanager
def slowest(store: Store) -> Generator[list[tuple[float, str, Any]]]:
    """Statements that the reader runs, with how long each took."""
    heard: list[tuple[float, str, Any]] = []

    def before(_db: Any, _cursor: Any, _sql: str, _with: Any, context: Any, _many: bool) -> None:
        context._began = time.perf_counter()

    def after(_db: Any, _cursor: Any, sql: str, given: Any, context: Any, _many: bool) -> None:
        heard.append(((time.perf_counter() - context._began) * 1e3, sql, given))

    for engine in (store.reader, store.writer):
        listen(engine, "before_cursor_execute", before)
        listen(engine, "after_cursor_execute", after)
    yield heard
    for engine in (store.reader, store.writer):
        remove(engine, "before_cursor_execute", before)
        remove(engine, "after_cursor_execute", after)


def explain(store: Store, sql: str, given: Any) -> str:
    words = "EXPLAIN QUERY PLAN " if store.reader.dialect.name == "sqlite" else "EXPLAIN (ANALYZE, BUFFERS) "
    with store.reader.connect() as db:
        return "\n".join("   " + str(row[-1]) for row in db.exec_driver_sql(words + sql, given))


# --- the run ---


@contextmanager
def filled(engine: str, n_alerts: int, n_open: int | None) -> Generator[Store]:
    began = time.monotonic()

    def told(what: str) -> None:
        print(f"{time.monotonic() - began:7.0f} s  {what}", flush=True)

    def fill(store: Store, work: Callable[[], None]) -> Store:
        bare(store)
        work()
        told("rows")
        for table in dress(store):
            told(f"indexes of {table}")
        finish(store)
        told("statistics")
        return store

    if engine == "sqlite":
        with tempfile.TemporaryDirectory(prefix="bench-store-") as folder:
            path = Path(folder) / "store.db"
            store = Store(f"sqlite:{path}")
            yield fill(store, lambda: fill_sqlite(path, made.sizes(n_alerts, n_open)))
            store.close()
        return
    with running(SETTINGS) as cluster:
        url = cluster.new_database()
        store = Store(url, cluster.password_file)
        yield fill(store, lambda: fill_postgresql(store, url, PASSWORD, n_alerts, n_open))
        store.close()


def print_sizes(store: Store, n_alerts: int) -> None:
    with store.reader.connect() as db:
        if db.dialect.name == "sqlite":
            n_bytes = db.exec_driver_sql(
                "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
            ).scalar_one()
            print(f"{n_bytes / 1e9:.2f} GB, {n_bytes / n_alerts:.0f} B an alert")
            return
        rows = db.exec_driver_sql(
            "SELECT coalesce(inhparent::regclass, c.oid::regclass)::text, sum(pg_table_size(c.oid))::bigint, "
            "sum(pg_indexes_size(c.oid))::bigint FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid "
            "WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY 1 ORDER BY 2 DESC LIMIT 10"
        ).all()
        for name, n_table, n_indexes in rows:
            print(f"   {name:16s} {n_table / 1e6:8.0f} MB, its indexes {n_indexes / 1e6:8.0f} MB")
        whole = sum(float(row[1] + row[2]) for row in rows)
        print(f"{whole / 1e9:.2f} GB, {whole / n_alerts:.0f} B an alert")


def run(engine: str, given: argparse.Namespace) -> None:
    with filled(engine, given.alerts, given.open) as store:
        print_sizes(store, given.alerts)
        some = [one for one in questions(store, given.alerts) if given.only in one.name]
        print(
            f"{engine}, {given.alerts} alerts; load {os.getloadavg()[0]:.0f} on {os.cpu_count()} processors"
        )
        print(f"  {'ms':44s} {'processor: p50, p95':>21s} {'wall: least, p50, p95':>32s}")
        with slowest(store) as heard:
            for question, used, took in measure(store, some, REPEATS):
                mark = "!" if np.percentile(used, 95) > BUDGET_MS and question.is_live else " "
                name = question.name if question.is_live else f"({question.name})"
                figures = [*np.percentile(used, [50, 95]), took.min(), *np.percentile(took, [50, 95])]
                print(f"{mark} {name:44s}" + "".join(f" {one:10.1f}" for one in figures), flush=True)
                if given.explain and figures[1] > given.explain:
                    ms, sql, with_what = max(heard, key=lambda one: one[0])
                    print(f"   {ms:.0f} ms: {' '.join(sql.split())}\n   {with_what!r}")
                    if sql.startswith("SELECT"):
                        print(explain(store, sql, with_what))
                heard.clear()


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--alerts", type=int, default=1_000_000)
    asked.add_argument("--engine", choices=("postgresql", "sqlite", "both"), default="both")
    asked.add_argument("--open", type=int, help="how many nobody has judged; default one in 2,500")
    asked.add_argument("--only", default="", help="only questions whose name holds this")
    asked.add_argument("--explain", type=float, help="show the plan of what takes longer, in ms")
    given = asked.parse_args()
    for engine in ("postgresql", "sqlite") if given.engine == "both" else (given.engine,):
        run(engine, given)


if __name__ == "__main__":
    main()
