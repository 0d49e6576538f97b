"""Kept pages, found again by their address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from crawlers.archive import WarcArchive
from crawlers.archived import find
from crawlers.fetch import Response
from crawlers.url import parse

DAY = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)


async def keep(folder, address: str, body: bytes, at: datetime) -> None:
    answer = Response(parse(address), 200, {"content-type": "text/html; charset=gb18030"}, body, at)
    await WarcArchive(folder, "examwatch/1").keep(answer)


async def test_the_newest_page_of_an_address_is_found_over_days(tmp_path):
    for number in range(3):
        await keep(tmp_path, "http://forum.example/t/1", b"old %d" % number, DAY + timedelta(days=number))
    await keep(tmp_path, "http://forum.example/t/1", b"new", DAY + timedelta(days=2, hours=1))
    await keep(tmp_path, "http://forum.example/t/2", b"other", DAY + timedelta(days=2, hours=2))
    page = find(tmp_path, "http://forum.example/t/1")
    assert page is not None
    assert (page.body, page.content_type, str(page.url)) == (
        b"new",
        "text/html; charset=gb18030",
        "http://forum.example/t/1",
    )
    assert page.fetched_at == DAY + timedelta(days=2, hours=1)
    assert find(tmp_path, "http://forum.example/t/3") is None


async def test_a_file_cut_in_a_crash_is_read_up_to_where_it_is_whole(tmp_path):
    await keep(tmp_path, "http://forum.example/t/1", b"whole", DAY)
    file = next(tmp_path.iterdir())
    whole = file.read_bytes()
    await keep(tmp_path, "http://forum.example/t/1", b"cut", DAY)
    file.write_bytes(file.read_bytes()[: len(whole) + 40])
    page = find(tmp_path, "http://forum.example/t/1")
    assert page is not None
    assert page.body == b"whole"
