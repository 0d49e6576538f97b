"""`examwatch read` as users call it: a record a file, in order, and a line for each bad one."""

from __future__ import annotations

import asyncio
import json
import os
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from crawlers.extract.file import Extracted
from crawlers.extract.image.file import FileReading
from crawlers.extract.image.page import PageReading
from crawlers.extract.image.personal import Personal
from monitor.cli import main
from monitor.cli.read import read_all, record
from monitor.faults import Fault

PICTURES = Path(__file__).parents[3] / "data" / "pictures"


@pytest.fixture
def read(capfd):
    def call(*arguments: object) -> tuple[int, list[dict], str]:
        with pytest.raises(SystemExit) as ended:
            main(["read", *[str(argument) for argument in arguments]])
        out, err = capfd.readouterr()
        return int(ended.value.code or 0), [json.loads(line) for line in out.splitlines()], err

    return call


def test_files_are_told_in_order_and_bad_ones_named_each_on_a_line(read, tmp_path):
    html = tmp_path / "notice.html"
    html.write_bytes('<html><head><meta charset="gbk"></head><p>食堂菜单</p>'.encode("gbk"))
    cut = tmp_path / "cut.jpg"
    cut.write_bytes((PICTURES / "textbook.jpg").read_bytes()[:5000])
    empty = tmp_path / "empty.pdf"
    empty.touch()
    package = tmp_path / "tips.zip"
    with zipfile.ZipFile(package, "w") as tips:
        tips.write(PICTURES / "textbook.jpg", "照片/一.jpg")
        tips.writestr("照片/坏.jpg", b"\xff\xd8\xff")
    paper = PICTURES / "paper_sideways.jpg"

    code, records, err = read(cut, paper, html, empty, tmp_path / "none.png", package, tmp_path)

    assert code == 2
    assert [one["file"] for one in records] == [str(paper), str(html), str(package)]
    assert [one["paper_likeness"] >= 0.5 for one in records] == [True, False, False]
    assert all({"file", "text", "qr", "paper_likeness", "pages"} <= one.keys() for one in records)
    assert records[1]["text"] == "食堂菜单"
    assert "牛顿第一定律" in records[2]["text"]
    assert "personal" not in records[0]
    assert "李小明" not in records[0]["text"]
    lines = err.splitlines()
    assert len(lines) == 5
    for path, words in (
        (cut, "damaged picture"),
        (empty, "is empty"),
        (tmp_path / "none.png", "no such file"),
        (package, "照片/坏.jpg"),
        (tmp_path, "is no file"),
    ):
        assert any(line.startswith(f"{path}: ") and words in line for line in lines)


def test_names_and_seats_are_told_when_asked_for(read):
    code, records, _ = read("--personal", PICTURES / "paper_sideways.jpg")
    assert code == 0
    assert records[0]["personal"] == [{"name": "李小明", "seat": "07 / 24", "number": "202600123456"}]


def test_a_scanned_pdf_is_read_like_a_picture(read, tmp_path):
    pdf = tmp_path / "scan.pdf"
    Image.open(PICTURES / "textbook.jpg").save(pdf)
    code, records, _ = read(pdf)
    assert code == 0
    assert records[0]["pages"] == 1
    assert "惯性" in records[0]["text"]


def test_a_record_keeps_names_back_unless_they_are_asked_for():
    page = PageReading(personal=Personal(name="李小明"))
    reading = FileReading(Extracted("text/plain", "x", n_pages=0), (page,), ("x",))
    assert "personal" not in record("a", reading)
    assert record("a", reading)["pages"] == 1
    assert record("a", reading, personal=True)["personal"][0]["name"] == "李小明"


async def test_no_more_files_are_read_ahead_than_asked_for_and_order_is_kept(tmp_path):
    files = []
    for n in range(7):
        (tmp_path / f"{n}.txt").write_text(str(n))
        files.append(str(tmp_path / f"{n}.txt"))
    running, most = 0, 0

    class Slow:
        async def run(self, work, data, *rest, limit_s=0.0):
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.002 * (7 - int(data)))
            running -= 1
            return Fault(data.decode(), 0, "told")

    told = [reading.file async for _, reading in read_all(files, Slow(), 3)]
    assert told == [str(n) for n in range(7)]
    assert most == 3


def test_a_name_that_is_no_utf_8_comes_back_as_json_writes_it(read, tmp_path):
    file = os.fsencode(tmp_path) + "/考题.txt".encode("gb18030")
    with open(file, "wb") as out:
        out.write("第一题".encode("gb18030"))
    code, (told,), err = read(os.fsdecode(file))
    assert (code, err, told["text"]) == (0, "", "第一题")
    assert os.fsencode(told["file"]) == file
