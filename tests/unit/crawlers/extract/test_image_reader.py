"""Reading whole pictures in their own process, and the queue before it."""

from __future__ import annotations

import asyncio
import io
import zipfile
from pathlib import Path

import pytest

from crawlers.errors import CrawlError
from crawlers.extract.file import Caps, ImageText
from crawlers.extract.image.desk import ReadingDesk
from crawlers.extract.image.engine import models_dir
from crawlers.extract.image.file import read_file
from crawlers.extract.image.page import PageReading
from crawlers.extract.image.personal import Personal
from crawlers.extract.image.reader import START_LIMIT_S, OcrReader, PageWorker
from crawlers.workshop import ThreadWorkshop

PICTURES = Path(__file__).parents[3] / "data" / "pictures"


@pytest.fixture(scope="module")
def worker():
    one = PageWorker()
    yield one
    one.close()


def test_the_models_are_files_of_the_wheel():
    assert len(list(models_dir().glob("*.onnx"))) == 3


class TestWorker:
    def test_a_paper_photographed_sideways_is_read_in_order_with_names_apart(self, worker):
        page = worker.read((PICTURES / "paper_sideways.jpg").read_bytes())
        wanted = ["绝密★启用前", "综合能力测试", "正确的是", "240千米", "最大值"]
        places = [page.text.find(words) for words in wanted]
        assert -1 not in places
        assert places == sorted(places)
        assert page.personal == Personal("李小明", "07 / 24", "202600123456")
        assert "李小明" not in page.text
        assert page.pdq is not None

    def test_columns_are_read_one_after_the_other(self, worker):
        text = worker.read((PICTURES / "two_columns.jpg").read_bytes()).text
        heads = [line[:4] for line in text.split("\n") if "栏" in line]
        assert heads == [f"{side}栏第{n}" for side in "左右" for n in "一二三四五"]

    def test_what_is_no_picture_is_a_fault_and_the_worker_goes_on(self, worker):
        with pytest.raises(CrawlError) as fault:
            worker.read(b"\xff\xd8\xff not a picture")
        assert fault.value.kind == "parse"
        assert worker.read((PICTURES / "textbook.jpg").read_bytes()).text.startswith("第三章")
        assert worker.n_killed == 0

    def test_a_worker_over_its_time_is_killed_and_the_next_picture_is_read(self):
        worker = PageWorker()
        data = (PICTURES / "textbook.jpg").read_bytes()
        try:
            with pytest.raises(CrawlError) as late:
                worker.read(data, limit_s=0.2 - START_LIMIT_S)
            assert late.value.kind == "timeout"
            assert worker.n_killed == 1
            assert "牛顿" in worker.read(data).text
        finally:
            worker.close()


class _Told(OcrReader):
    """A reader that knows its answers by the picture's last byte."""

    def read_page(self, data: bytes) -> PageReading:
        if data.endswith(b"bad"):
            raise CrawlError("parse", "picture", "no picture that can be read")
        if data.endswith(b"slow"):
            raise CrawlError("timeout", "picture", "took over 20 s")
        return PageReading(codes=(data[3:].decode(),))

    def read(self, data: bytes) -> ImageText:
        raise AssertionError("read_file asks for pages")


JPEG = b"\xff\xd8\xff"


class TestFile:
    def test_pictures_in_folders_and_archives_are_all_kept_and_faults_name_their_place(self):
        inner, outer = io.BytesIO(), io.BytesIO()
        with zipfile.ZipFile(inner, "w") as package:
            package.writestr("deep.jpg", JPEG + b"deep")
        with zipfile.ZipFile(outer, "w") as package:
            package.writestr("folder/one.jpg", JPEG + b"one")
            package.writestr("folder/wrong.jpg", JPEG + b"bad")
            package.writestr("inner.zip", inner.getvalue())
            package.writestr("late.jpg", JPEG + b"slow")
            package.writestr("note.txt", "说明")
        reading = read_file(outer.getvalue(), "tips.zip", Caps(), _Told())
        assert reading.extracted.qr == ("one", "deep")
        assert [page.codes for page in reading.pictures] == [("one",), ("deep",)]
        assert "说明" in reading.parts
        assert [fault.split(":")[0] for fault in reading.extracted.faults] == [
            "tips.zip/folder/wrong.jpg",
            "tips.zip",
        ]

    def test_a_single_picture_out_of_time_is_a_fault(self):
        with pytest.raises(CrawlError) as late:
            read_file(JPEG + b"slow", "a.jpg", Caps(), _Told())
        assert late.value.kind == "timeout"


class _Held:
    """A workshop whose jobs end when they are let go, and which notes what it was given."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.gate = asyncio.Semaphore(0)

    async def run(self, work, *arguments, limit_s: float = 1.0):
        self.begun.append(arguments[0])
        await self.gate.acquire()
        return arguments[0]


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class TestDesk:
    async def test_the_gravest_is_read_first_then_the_oldest(self):
        held = _Held()
        desk = ReadingDesk(held)
        jobs = []
        for name, gravity in (("first", 0), ("chat", 1), ("hall", 9), ("later hall", 9), ("forum", 3)):
            jobs.append(asyncio.create_task(desk.at(gravity).run(str, name)))
            await settle()
        for _ in jobs:
            held.gate.release()
        assert await asyncio.gather(*jobs) == ["first", "chat", "hall", "later hall", "forum"]
        assert held.begun == ["first", "hall", "later hall", "forum", "chat"]

    async def test_a_full_desk_refuses_the_least_grave_and_counts_it(self):
        held = _Held()
        desk = ReadingDesk(held, max_waiting=2)
        jobs = [
            asyncio.create_task(desk.run(str, name, gravity=g)) for name, g in (("a", 5), ("b", 1), ("c", 2))
        ]
        await settle()
        with pytest.raises(CrawlError):
            await desk.run(str, "harmless", gravity=0)
        graver = asyncio.create_task(desk.run(str, "grave", gravity=7))
        await settle()
        for _ in range(4):
            held.gate.release()
        done = await asyncio.gather(*jobs, graver, return_exceptions=True)
        assert [one if isinstance(one, str) else type(one).__name__ for one in done] == [
            "a",
            "CrawlError",
            "c",
            "grave",
        ]
        assert dict(desk.n_refused) == {"full": 1, "pushed out": 1}

    async def test_who_gives_up_waiting_leaves_the_place_to_others(self):
        held = _Held()
        desk = ReadingDesk(held)
        first, second, third = (asyncio.create_task(desk.run(str, name)) for name in "abc")
        await settle()
        second.cancel()
        held.gate.release()
        held.gate.release()
        assert await first == "a"
        assert await third == "c"
        assert desk.n_waiting == 0
        assert second.cancelled()

    async def test_a_failed_job_frees_its_place(self):
        desk = ReadingDesk(ThreadWorkshop())
        with pytest.raises(ValueError, match="invalid literal"):
            await desk.run(int, "x")
        assert await desk.run(int, "7") == 7
