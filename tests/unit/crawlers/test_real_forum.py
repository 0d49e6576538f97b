"""A real forum program (Spirit, MIT) on loopback: posted to by its own forms, read by our selectors."""

from __future__ import annotations

import importlib.util
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.tools,
    pytest.mark.skipif(
        importlib.util.find_spec("spirit") is None, reason="django-spirit is not installed (dev dependencies)"
    ),
]
USER, PASSWORD = "poster", "long-enough-9"
START_S = 30.0


@pytest.fixture(scope="module")
def forum(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an empty forum with one user."""
    folder = tmp_path_factory.mktemp("spirit")
    spirit = Path(str(importlib.util.find_spec("spirit").submodule_search_locations[0]))
    environment = {
        **os.environ,
        "DJANGO_SUPERUSER_USERNAME": USER,
        "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
        "DJANGO_SUPERUSER_EMAIL": "poster@example.org",
    }

    def manage(*arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder, env=environment, capture_output=True, text=True, timeout=100,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    template = spirit / "extra" / "project_template"
    manage("-m", "django", "startproject", f"--template={template}", "town", str(folder))
    manage("manage.py", "spiritinstall")
    manage("manage.py", "createsuperuser", "--noinput")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"],
        cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_it_answers(url)
        yield url
    finally:
        server.kill()
        server.wait()


def _wait_until_it_answers(url: str) -> None:
    end_s = time.monotonic() + START_S
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            assert time.monotonic() < end_s, "the forum does not start"
            time.sleep(0.2)


class Poster:
    """A person at the forum's own forms."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def submit(self, path: str, **fields: str) -> str:
        """Fill in the form at `path`; where it led to."""
        async with self._session.get(self._url + path) as page:
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', await page.text())
        assert token is not None
        fields["csrfmiddlewaretoken"] = token[1]
        async with self._session.post(self._url + path, data=fields, allow_redirects=False) as answer:
            assert answer.status == 302, path
            return answer.headers["Location"]


async def test_a_real_forum_is_read_from_the_first_post_over_replies_to_an_edit(forum, bench):
    source = {
        "kind": "forum",
        "id": "town",
        "url": f"{forum}/",
        "list": {
            "thread": ".layout__topics__topic",
            "link": "a.topic__link@href",
            "mark": ".topic__comments",
        },
        "thread": {
            "post": ".js-comment",
            "id": "@data-pk",
            "text": ".comment__text",
            "author": ".comment__info__username__link span",
            "time": ".comment__info__date li@title",
            "page_title": "title",
        },
    }
    # Its cookies name 127.0.0.1, which a jar refuses unless told otherwise.
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        poster = Poster(session, forum)
        await poster.submit("/user/login/", username=USER, password=PASSWORD)
        topic = await poster.submit(
            "/topic/publish/", title="求高考答案", category="2", comment="占坑", topic_hash=""
        )
        report = await bench.poll(source)
        assert report.error is None
        assert report.faults == ()
        (first,) = bench.delivered
        assert (first.author, first.text, first.version) == (USER, "占坑", 1)
        assert "求高考答案" in first.title
        assert first.published_at is not None

        number = topic.split("/topic/")[1].split("/")[0]
        await poster.submit(f"/comment/{number}/publish/", comment="出售**答案**，考后付款")
        await bench.poll(source)
        assert bench.texts[1:] == ["出售答案，考后付款"]

        text = "绝密★启用前 " + "一、选择题：本题共八小题，每小题五分。" * 8
        await poster.submit("/comment/1/update/", comment=text)
        await bench.poll(source, times=2)
        (edited,) = bench.delivered[2:]
        assert (edited.id, edited.version, edited.placeholder) == (first.id, 2, True)
        assert edited.first_seen_at == first.first_seen_at
