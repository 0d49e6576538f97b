"""The retro-hunt: finds what new rules would have found, goes on where it was, and marks its alerts."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import monitor.hunt as hunting
from crawlers.memory import Memory
from crawlers.stored import Place
from crawlers.tables import shared_worker
from monitor.cli import main
from monitor.cli.hunt import hunt_command
from monitor.evidence import EvidenceStore
from monitor.hunt import Hunter, Quarry, hunt
from monitor.store import Store
from monitor.timetable import Timetable
from rules.load import load_text
from rules.text.bank import Bank, new_key, write_key
from rules.text.items import Item
from tests.unit.crawlers.test_stored import POST, keep

NOW = datetime.now(UTC)
RULE = """\
id: {id}
title: {{en: A word learnt today, zh: 今天新得知的暗语}}
advice: {{en: Look at the post, zh: 查看该帖}}
kind: web
level: high
category: sell
status: experimental
labels: [document]
selections: {{word: {{text|contains: {word}}}}}
condition: word
owner: test
"""
SECRET = "已知抛物线上一点到焦点的距离等于该点到直线的距离，求证直线恒过定点并求面积的最小值"


def rule(word: str, id: str = "new-word"):
    found, faults = load_text(RULE.format(id=id, word=word), "r.yml")
    assert found is not None, faults
    return found


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.tools)])
async def memory(request, tmp_path):
    """Twelve posts of the last hour; 3 and 7 use the new word."""
    if request.param == "sqlite":
        place = Place(f"sqlite:{tmp_path / 'crawl.db'}")
        opened = Memory(tmp_path / "crawl.db")
    else:
        cluster = request.getfixturevalue("cluster")
        place = Place(cluster.new_database(), cluster.password_file)
        opened = Memory(shared_worker(place.url, place.password_file))
    async with opened as kept:
        for n in range(12):
            text = "老地方取青花鱼套餐" if n in (3, 7) else f"今天天气很好 {n}"
            at = NOW - timedelta(hours=1)
            plain = replace(POST, id=f"{n:02}", text=text, attachments=(), first_seen_at=at, fetched_at=at)
            await keep(kept, plain)
    return place


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(hunting, "PIECE", 4)


def configure(folder, memory):
    """``c.yml`` in `folder`, whose memory is `memory`."""
    password = f", password_file: {memory.password_file}" if memory.password_file else ""
    shared = f"crawl: {{memory: '{memory.url}'{password}}}\n"
    (folder / "c.yml").write_text(f"data_dir: .\n{shared}", "utf-8")


def ids(quarry, place, **options):
    return [document.id for done in hunt(quarry, place, **options) for document in done.found]


async def test_workers_find_what_one_look_at_each_post_finds(memory, tmp_path):
    quarry = Quarry(memory, (rule("青花鱼套餐"),), Timetable())
    assert ids(quarry, tmp_path / "place.json", n_workers=2) == ["03", "07"]
    assert not (tmp_path / "place.json").exists()
    assert ids(replace(quarry, since=NOW), tmp_path / "place.json") == []


async def test_a_hunt_that_was_broken_off_goes_on_where_it_was(memory, tmp_path):
    quarry, place = Quarry(memory, (rule("青花鱼套餐"),), Timetable()), tmp_path / "place.json"
    running = hunt(quarry, place)
    assert [one.id for one in next(running).found] == ["03"]
    next(running)
    running.close()
    # The second piece had been found and was not in safe hands yet: it comes again.
    assert ids(quarry, place) == ["07"]


async def test_a_hunt_for_something_else_begins_at_the_beginning(memory, tmp_path):
    place = tmp_path / "place.json"
    running = hunt(Quarry(memory, (rule("青花鱼套餐"),), Timetable()), place)
    next(running), next(running), running.close()
    assert ids(Quarry(memory, (rule("取青花鱼"),), Timetable()), place) == ["03", "07"]


async def test_a_new_bank_is_asked_of_old_posts(tmp_path):
    path, key = tmp_path / "crawl.db", new_key()
    async with Memory(path) as kept:
        for id, text in (("a", f"求答案：{SECRET}，急"), ("b", "求一份往年的数学卷子")):
            await keep(kept, replace(POST, id=id, text=text, attachments=()))
    Bank.build([Item("2026-1", SECRET)], key)[0].save(tmp_path / "x.bank")
    write_key(tmp_path / "x.key", key)
    asked = load_text(
        RULE.format(id="quoted", word="x").replace("text|contains: x", "bank_longest_run|gte: 20"), "r.yml"
    )[0]
    assert asked is not None
    quarry = Quarry(Place(f"sqlite:{path}"), (asked,), Timetable(), (tmp_path / "x.bank", tmp_path / "x.key"))
    assert ids(quarry, tmp_path / "place.json") == ["a"]


async def test_a_find_is_news_of_the_same_case_and_marked_retro(memory, tmp_path):
    evidence = EvidenceStore(tmp_path / "evidence")
    store = Store(f"sqlite:{tmp_path / 's.db'}")
    first, second = rule("青花鱼套餐"), rule("老地方", "meeting-place")
    (post,) = [one for one in ids_of(Quarry(memory, (first,), Timetable()), tmp_path) if one.id == "03"]
    alerts = Hunter(Quarry(memory, (first,), Timetable())).alerts(post, evidence, NOW)
    assert alerts[0].event["retro"] is True
    assert alerts[0].annotations["summary_en"].startswith("[retro] ")
    assert alerts[0].annotations["summary_zh"].startswith("【回溯】")
    assert alerts[0].updated_at == NOW
    assert store.merge(alerts, NOW) == 1
    assert store.merge(alerts, NOW) == 0
    again = Hunter(Quarry(memory, (first, second), Timetable())).alerts(post, evidence, NOW)
    assert [alert.fingerprint for alert in again] == [alerts[0].fingerprint]
    assert store.merge(again, NOW) == 1
    store.close()


def ids_of(quarry, folder):
    return [document for done in hunt(quarry, folder / "p.json") for document in done.found]


async def test_the_command_prints_each_find_and_stores_it_when_asked(memory, tmp_path, capsys):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "r.yml").write_text(RULE.format(id="new-word", word="青花鱼套餐"), "utf-8")
    configure(tmp_path, memory)
    command = [
        "hunt",
        str(tmp_path / "c.yml"),
        "--rules",
        str(tmp_path / "rules"),
        "--raise",
        "--workers",
        "1",
    ]
    for n_stored in (2, 2):
        with pytest.raises(SystemExit) as ended:
            main(command)
        assert ended.value.code == 0
        found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [one["id"] for one in found] == ["03", "07"]
        assert {match["rule"] for one in found for match in one["matches"]} == {"new-word"}
        store = Store(f"sqlite:{tmp_path / 'store.db'}")
        assert store.verify() == n_stored
        store.close()


async def test_a_reader_who_has_enough_is_no_fault(memory, tmp_path, capsys, monkeypatch):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "r.yml").write_text(RULE.format(id="new-word", word="青花鱼套餐"), "utf-8")
    configure(tmp_path, memory)

    class Closed:
        def write(self, _text):
            raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("monitor.cli.hunt.sys.stdout", Closed())
    with pytest.raises(BrokenPipeError):
        hunt_command(tmp_path / "c.yml", rules=tmp_path / "rules", workers=1)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--rules", "{tmp}/none"], "none"),
        (["--bank", "{tmp}/x.bank"], "--bank and --key are given together"),
    ],
)
async def test_what_is_wrong_is_one_line_and_exit_2(memory, tmp_path, capsys, options, told):
    configure(tmp_path, memory)
    with pytest.raises(SystemExit) as ended:
        main(["hunt", str(tmp_path / "c.yml"), *(option.format(tmp=tmp_path) for option in options)])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_before_anything_was_crawled_it_says_so(tmp_path, capsys):
    (tmp_path / "c.yml").write_text("data_dir: .\n", "utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["hunt", str(tmp_path / "c.yml")])
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"{tmp_path}{os.sep}crawl.db: nothing was crawled yet\n"
