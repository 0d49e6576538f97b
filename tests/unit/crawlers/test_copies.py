"""Near copies, placeholders, kept pages: what several texts tell together."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from crawlers.archive import WarcArchive
from crawlers.fetch import Response
from crawlers.memory import Version
from crawlers.simhash import MAX_DISTANCE, Copies, distance, from_signed, simhash, to_signed
from crawlers.url import parse
from crawlers.versions import is_placeholder

NOW = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)
LETTERS = "".join(chr(c) for c in range(0x4E00, 0x5E00))


def text_of_length(n: int, seed: int) -> str:
    rng = random.Random(seed)
    return "".join(rng.choice(LETTERS) for _ in range(n))


def test_reposts_with_other_spaces_width_and_marks_are_the_same_text():
    text = text_of_length(200, 1)
    disguised = "！".join(text[i : i + 7] for i in range(0, 200, 7))
    assert simhash(text) == simhash(disguised)


def test_a_repost_with_one_changed_word_is_near_and_other_texts_are_far():
    n_near = n_far = 0
    for seed in range(100):
        text = text_of_length(600, seed)
        n_near += distance(simhash(text), simhash(text[:300] + "改动" + text[302:])) <= MAX_DISTANCE
        n_far += distance(simhash(text), simhash(text_of_length(600, seed + 1000))) > MAX_DISTANCE
    assert n_far == 100
    assert n_near >= 98


@given(
    st.lists(st.integers(0, 2**64 - 1), max_size=30),
    st.integers(0, 2**64 - 1),
    st.sets(st.integers(0, 63), max_size=9),
)
def test_the_index_finds_exactly_what_comparing_with_all_would(values, value, flips):
    copies = Copies()
    flipped = value
    for bit in flips:
        flipped ^= 1 << bit
    for n, other in enumerate([*values, flipped]):
        copies.add(str(n), other)
    slow = [str(n) for n, other in enumerate([*values, flipped]) if distance(value, other) <= MAX_DISTANCE]
    assert sorted(copies.near(value)) == sorted(slow)


@given(st.integers(0, 2**64 - 1))
def test_a_hash_goes_through_the_database_unchanged(value):
    assert from_signed(to_signed(value)) == value
    assert -(2**63) <= to_signed(value) < 2**63


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "占坑",
            "绝密★启用前 普通高等学校招生全国统一考试 一、选择题：本题共8小题，每小题5分，共40分。",
            True,
        ),
        (
            ".",
            "第一题选A，第二题选C，第三题选B，第四题选D，第五题选A，第六题选C，第七题选B，第八题选A，第九题选D",
            True,
        ),
        (
            "先占个楼，稍后更新，大家先别回复，等我回来把内容补上，谢谢",
            "1到10题：ABCDA BCDAB，11到20题：CCDAB ABDCA，填空第一个是3，第二个根号2",
            True,
        ),
        (
            "今天天气不错，大家一起去公园散步吧，下午三点集合",
            "今天天气不错，大家一起去公园散步吧，下午四点集合",
            False,
        ),
        ("求助一道题", "求助一道题（已解决）", False),
        ("x" * 500, "y" * 5000, False),
    ],
)
def test_a_placeholder_is_a_post_that_began_empty_and_was_filled(before, after, expected):
    assert is_placeholder([Version(1, "d", "", before, NOW)], "", after) is expected


def test_a_new_post_is_no_placeholder():
    assert not is_placeholder([], "t", "x" * 500)


async def test_kept_pages_are_read_back_from_warc_as_they_were(tmp_path):
    body = "答案".encode("gb18030") * 100
    url = parse("http://bbs.example.org/t?id=1")
    headers = {
        "content-type": "text/html; charset=gbk",
        "content-encoding": "gzip",
        "set-cookie": "sid=secret",
    }
    archive = WarcArchive(tmp_path / "warc", "examwatch/0.1")
    for _ in range(2):
        await archive.keep(Response(url, 200, headers, body, NOW))
    records = []
    with (tmp_path / "warc" / "2026-06-07.warc.gz").open("rb") as file:
        for record in ArchiveIterator(file):
            address = record.rec_headers.get_header("WARC-Target-URI")
            records.append((record.rec_type, address, record.content_stream().read()))
            if record.rec_type == "response":
                assert record.http_headers.get_header("content-type") == "text/html; charset=gbk"
                assert record.http_headers.get_header("set-cookie") is None
                assert record.rec_headers.get_header("WARC-Date") == "2026-06-07T01:00:00Z"
    assert [record[0] for record in records] == ["response", "request"] * 2
    assert records[0][1:] == (str(url), body)
