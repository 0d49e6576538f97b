"""``examwatch crawl``: documents on standard output, everything else on standard error."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from monitor.cli import main

FIELDS = [
    "id", "source", "url", "author", "title", "text", "published_at", "first_seen_at", "fetched_at", "digest",
    "version", "attachments",
]  # fmt: skip


Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def crawl(capsys: pytest.CaptureFixture[str]) -> Run:
    """The command, in a thread beside the loop that serves its site: code, output, errors."""

    def run(arguments: tuple[str, ...]) -> int:
        try:
            main(["crawl", *arguments])
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    async def crawl(*arguments: str) -> tuple[int, str, str]:
        code = await asyncio.to_thread(run, arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return crawl


def config(tmp_path: Path, text: str) -> str:
    path = tmp_path / "sources.yml"
    path.write_text(text)
    return str(path)


async def test_a_file_of_sources_alone_is_crawled_once_and_known_the_next_time(crawl, site, tmp_path):
    site.pages["/feed"] = (
        "<rss><channel><item><guid>1</guid><title>好</title></item></channel></rss>".encode()
    )
    path = config(tmp_path, f"sources:\n  - {{kind: feed, id: f, url: '{site.url}/feed', delay_s: 0}}\n")
    code, out, err = await crawl(path, "--once")
    record = json.loads(out)
    assert (code, record["type"], record["title"]) == (0, "document", "好")
    assert [name for name in FIELDS if name not in record] == []
    assert record["first_seen_at"].endswith("Z")
    assert "f: 1 new" in err
    code, out, err = await crawl(path, "--once")
    assert (code, out) == (0, "")
    assert "--fresh" in err
    code, out, _ = await crawl(path, "--once", "--fresh", "--format", "table")
    assert "好" in out


async def test_what_each_selector_found_is_told_when_it_found_nothing(crawl, site, tmp_path):
    site.pages["/list"] = "<p>x</p>"
    text = f"""sources:
  - kind: forum
    id: bbs
    url: {site.url}/list
    list: {{thread: li.row}}
    thread: {{post: div.post}}
"""
    code, out, err = await crawl(config(tmp_path, text), "--once")
    assert (code, out) == (1, "")
    assert "bbs:   0 × list.thread li.row" in err


async def test_one_source_that_fails_leaves_the_others_and_exit_0(crawl, site, tmp_path):
    site.pages["/feed"] = b"<rss><channel><item><guid>1</guid><title>ok</title></item></channel></rss>"
    text = f"""sources:
  - {{kind: feed, id: good, url: "{site.url}/feed", delay_s: 0}}
  - {{kind: feed, id: bad, url: "{site.url}/missing", delay_s: 0}}
"""
    code, out, err = await crawl(config(tmp_path, text), "--once")
    assert code == 0
    assert json.loads(out)["source"] == "good"
    assert "bad: " in err
    assert "404" in err


async def test_every_fault_of_the_file_is_told_with_its_line_and_exit_2(crawl, tmp_path):
    text = "sources:\n  - kind: feed\n    id: a\n    url: ftp://x\n  - kind: foram\n    id: b\n"
    path = config(tmp_path, text)
    code, out, err = await crawl(path, "--once")
    assert (code, out) == (2, "")
    assert f"{path}:4: sources.0.url" in err
    assert f"{path}:5: sources.1.kind" in err


async def test_a_missing_file_is_one_line(crawl, tmp_path):
    code, _, err = await crawl(str(tmp_path / "none.yml"), "--once")
    assert code == 2
    assert len(err.strip().splitlines()) == 1


async def test_a_reader_that_has_read_enough_and_a_full_disk_end_a_crawl_quietly(site, tmp_path):
    items = "".join(f"<item><guid>{n}</guid><title>{'好' * 900} {n}</title></item>" for n in range(200))
    site.pages["/feed"] = f"<rss><channel>{items}</channel></rss>".encode()
    path = config(tmp_path, f"sources:\n  - {{kind: feed, id: f, url: '{site.url}/feed', delay_s: 0}}\n")
    ends = [
        ("| head -c 9", 0, "f: "),
        ("> /dev/full", 1, "output: cannot be written: No space left on device\n"),
    ]
    for end, code, told in ends:
        call = f"'{sys.executable}' -c 'from monitor.cli import main; main()' crawl '{path}' --once --fresh"
        shell = await asyncio.create_subprocess_exec(
            "bash", "-o", "pipefail", "-c", f"{call} {end}", stdout=PIPE, stderr=PIPE
        )
        _, err = await shell.communicate()
        assert shell.returncode == code, err.decode()
        assert "Traceback" not in err.decode()
        assert code == 0 or err.decode().endswith(told)


async def test_titles_and_addresses_of_strangers_are_not_obeyed(crawl, site, tmp_path):
    title = "evil &#x9b;31m &#x202e;x"
    site.pages["/feed"] = (
        f"<rss><channel><item><guid>1</guid><title>{title}</title></item></channel></rss>".encode()
    )
    path = config(tmp_path, f"sources:\n  - {{kind: feed, id: f, url: '{site.url}/feed', delay_s: 0}}\n")
    _, out, _ = await crawl(path, "--once", "--format", "table")
    assert "evil" in out
    assert not {"\x1b", "\x9b", "\u202e"} & set(out)
