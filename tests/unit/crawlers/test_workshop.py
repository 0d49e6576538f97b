"""Child processes: work comes back, what hangs or dies is replaced, and nothing but records comes out."""

from __future__ import annotations

import io
import os
import pickle
import time

import pytest

from crawlers import workshop
from crawlers.errors import CrawlError
from crawlers.source.base import Found, Page
from crawlers.source.feed import read_feed
from crawlers.source.folder import read_file
from crawlers.source.forum import read_list
from crawlers.source.selectors import ListSelectors
from crawlers.url import parse
from crawlers.workshop import ProcessWorkshop

URL = parse("http://x.example/f")
RSS = b"<rss><channel><item><guid>1</guid><title>t</title></item></channel></rss>"


async def test_what_a_function_returns_or_raises_comes_back():
    async with ProcessWorkshop(1) as shop:
        finds, _ = await shop.run(read_feed, RSS, "", URL)
        assert finds == [Found("http://x.example/1", "http://x.example/1", "t", "")]
        with pytest.raises(CrawlError, match="no feed") as told:
            await shop.run(read_feed, b"<html>", "", URL)
        assert told.value.kind == "parse"


async def test_errors_that_are_part_of_a_result_come_back_with_their_kind(tmp_path):
    path = tmp_path / "drop.jsonl"
    path.write_text('{"text": "good"}\nbad\n')
    async with ProcessWorkshop(1) as shop:
        finds, faults = await shop.run(read_file, path, 10_000)
    assert [found.text for found in finds] == ["good"]
    assert [(fault.kind, fault.where) for fault in faults] == [("parse", f"{path}:2")]


async def test_a_page_that_takes_minutes_is_killed_and_the_next_one_is_read():
    async with ProcessWorkshop(1) as shop:
        bomb = Page(URL, b"<div>" * 500_000, "")
        started_s = time.monotonic()
        with pytest.raises(CrawlError, match="took over"):
            await shop.run(read_list, bomb, ListSelectors(thread="p"), limit_s=1.0)
        assert time.monotonic() - started_s < 10
        assert (await shop.run(read_feed, RSS, "", URL))[0]
        assert shop.n_killed == 1


async def test_a_child_that_dies_fails_its_own_job_alone():
    async with ProcessWorkshop(1) as shop:
        with pytest.raises(CrawlError, match="crashed"):
            await shop.run(os._exit, 3)
        assert (await shop.run(read_feed, RSS, "", URL))[0]


async def test_what_a_parser_stumbles_over_is_a_line_and_no_trace(capfd):
    async with ProcessWorkshop(1) as shop:
        with pytest.raises(CrawlError, match="ZeroDivisionError") as told:
            await shop.run(divmod, 1, 0)
        assert shop.n_killed == 0
    assert told.value.kind == "parse"
    assert capfd.readouterr().err == ""


async def test_a_child_out_of_memory_fails_its_own_job_alone():
    async with ProcessWorkshop(1) as shop:
        with pytest.raises(CrawlError):
            await shop.run(bytearray, 4 * 2**30)
        assert (await shop.run(read_feed, RSS, "", URL))[0]


@pytest.mark.parametrize("thing", [os.system, print, pickle.loads, parse, workshop.ProcessWorkshop])
def test_an_answer_that_names_anything_but_a_record_is_refused(thing):
    with pytest.raises(CrawlError, match="no record"):
        workshop._read_answer(pickle.dumps((True, thing)))


def test_an_answer_that_is_no_answer_is_refused():
    for data in (b"", b"garbage", pickle.dumps((True, io.BytesIO())), pickle.dumps((False, 3))):
        with pytest.raises(CrawlError):
            workshop._read_answer(data)
