"""Evidence within its bounds: by age, then by size, alerts' files last, and never a fresh one."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.clock import FakeClock
from monitor.evidencekeeping import Bounds, in_question, tidy, tidy_hourly
from monitor.store import Store
from monitor.store.book import StoreBook
from tests.unit.monitor.conftest import make_alert

NOON = datetime(2026, 6, 7, 4, 0, tzinfo=UTC)
BOUNDS = Bounds(timedelta(days=400), timedelta(hours=24), timedelta(days=90), 10_000)


def keep(root: Path, name: str, age: timedelta, n_bytes: int = 100) -> str:
    (root / name).write_bytes(b"x" * n_bytes)
    at = (NOON - age).timestamp()
    os.utime(root / name, (at, at))
    return name


def left(root: Path) -> set[str]:
    return {path.name for path in root.iterdir()}


def tidied(root, alerted):
    files, asked = in_question(root, NOON, BOUNDS)
    done = tidy(root, files, set(alerted) & set(asked), NOON, BOUNDS)
    # What was not asked about is not gone.
    assert {file.name for file in files} - set(asked) <= (left(root) if root.is_dir() else set())
    return done


def test_what_raised_no_alert_goes_after_a_day_and_what_did_after_its_time(tmp_path):
    keep(tmp_path, "young", timedelta(hours=23))
    keep(tmp_path, "old", timedelta(hours=25))
    alerted = {keep(tmp_path, "case", timedelta(days=399)), keep(tmp_path, "closed", timedelta(days=401))}
    done = tidied(tmp_path, alerted)
    assert left(tmp_path) == {"young", "case"}
    assert (done.n_unalerted, done.alerted, done.n_bytes_left) == (1, ["closed"], 200)


def test_photos_go_when_names_do_and_other_evidence_stays(tmp_path):
    old, young = timedelta(days=91), timedelta(days=89)
    alerted = {keep(tmp_path, name, old) for name in ("a.photo.jpg", "page.json", "shot.png")}
    alerted.add(keep(tmp_path, "b.photo.png", young))
    done = tidied(tmp_path, alerted)
    assert left(tmp_path) == {"page.json", "shot.png", "b.photo.png"}
    assert done.alerted == ["a.photo.jpg"]


def test_over_the_size_the_oldest_without_an_alert_goes_first_then_the_oldest_of_alerts(tmp_path):
    alerted = {keep(tmp_path, f"case{n}", timedelta(days=10 - n), 3000) for n in range(4)}
    keep(tmp_path, "clip", timedelta(hours=2), 3000)
    done = tidied(tmp_path, alerted)
    assert left(tmp_path) == {"case1", "case2", "case3"}
    assert (done.n_unalerted, done.alerted, done.n_bytes_left) == (1, ["case0"], 9000)


def test_a_fresh_file_stays_though_its_alert_is_not_stored_yet(tmp_path):
    keep(tmp_path, "now", timedelta(minutes=1), 20_000)
    assert tidied(tmp_path, ()).n_bytes_left == 20_000
    assert left(tmp_path) == {"now"}


def test_a_folder_that_is_not_there_yet_is_no_fault(tmp_path):
    assert tidied(tmp_path / "none", ()).n_bytes_left == 0


def test_the_store_is_asked_about_nothing_that_stays_whatever_it_says(tmp_path):
    keep(tmp_path, "young", timedelta(hours=23))
    keep(tmp_path, "old", timedelta(hours=25))
    assert in_question(tmp_path, NOON, BOUNDS)[1] == ["old"]
    keep(tmp_path, "large", timedelta(minutes=50), 20_000)
    assert in_question(tmp_path, NOON, BOUNDS)[1] == ["old", "young"]


async def test_the_store_knows_which_of_many_files_alerts_carry(tmp_path):
    store = Store(f"sqlite:{tmp_path / 's.db'}")
    refs = make_alert("1").evidence + make_alert("2").evidence
    store.merge([make_alert("1", evidence=refs)], NOON)
    others = [f"{n}.txt" for n in range(2500)]
    assert store.carried([*others, "1.png", "1.txt", "2.png"]) == {"1.png", "2.png"}
    assert store.carried([]) == set()
    store.close()


@pytest.mark.parametrize("n_hours", [1, 3])
async def test_the_chore_tidies_every_hour(tmp_path, n_hours):
    clock = FakeClock(NOON)
    book = StoreBook(Store(f"sqlite:{tmp_path / 's.db'}"), clock)
    root = tmp_path / "evidence"
    root.mkdir()
    keep(root, "clip", timedelta(hours=24) - timedelta(hours=n_hours) + timedelta(minutes=1))
    running = asyncio.create_task(tidy_hourly(root, BOUNDS, book, clock, book.carried))
    for _ in range(2000):
        if not left(root):
            break
        await clock.advance(600)
        await asyncio.sleep(0.002)
    assert not left(root)
    assert clock.now() >= NOON + timedelta(hours=n_hours)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await book.close()
