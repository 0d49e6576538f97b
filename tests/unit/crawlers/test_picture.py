"""Pictures on their way from a post to who may keep them: files, bounds, boxes, and what no record holds."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from crawlers.attachments import gather
from crawlers.document import Attachment, Document, recorded
from crawlers.errors import CrawlError
from crawlers.extract.file import ImageText
from crawlers.extract.image.load import load
from crawlers.extract.image.ocr import Line, turn, turn_back
from crawlers.extract.image.page import PageReading
from crawlers.extract.image.reader import PageWorker
from crawlers.extract.image.view import as_shown
from crawlers.personal import Personal
from crawlers.picture import MAX_BOXES, MAX_PICTURES, Allowance, Picture, TextBox
from crawlers.source.base import Found
from crawlers.source.record import RecordFields, read_record
from crawlers.stored import beside
from crawlers.wire import to_record

PICTURES = Path(__file__).parents[2] / "data" / "pictures"
AT = datetime(2026, 6, 7, 1, 30, tzinfo=UTC)
BOX = TextBox("绝密★启用前", 0.9, (1, 2, 3, 4, 5, 6, 7, 8))
ORIENTATION, GPS = 0x0112, 0x8825


def saved(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


class Reader:
    """Reads one line off any picture."""

    def read(self, data: bytes) -> ImageText:
        if data.endswith(b"broken"):
            raise CrawlError("parse", "picture", "damaged")
        return ImageText(BOX.text, picture=Picture(width_px=40, height_px=20, boxes=(BOX,)))


class Visit:
    def __init__(self) -> None:
        self.faults = []

    def fault(self, error) -> None:
        self.faults.append(error)

    async def run(self, work, *arguments, limit_s=0.0):
        return work(*arguments)


def post(*blobs: bytes) -> Found:
    return Found("k", "http://x/1", "t", "x", blobs=tuple((f"{n}.png", data) for n, data in enumerate(blobs)))


def document(*parts: Attachment) -> Document:
    return Document("d", "s", "http://x/1", None, "t", "x", None, AT, AT, "sha256:0", attachments=parts)


class TestKept:
    async def test_a_picture_travels_with_its_file_size_and_boxes(self):
        data = saved(Image.new("RGB", (40, 20)))
        (part,) = await gather(Visit(), post(data), Reader())
        assert part.digest == "sha256:" + hashlib.sha256(data).hexdigest()
        picture = part.picture
        assert (picture.content, picture.n_bytes, picture.dropped) == (data, len(data), None)
        assert (picture.width_px, picture.height_px, picture.boxes) == (40, 20, (BOX,))

    async def test_what_is_no_picture_of_dots_is_none(self):
        svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
        page = b"<!doctype html><html><body>x</body></html>"
        parts = await gather(Visit(), post(svg, page, b"text"), Reader())
        assert [part.picture for part in parts] == [None] * 3

    async def test_one_that_cannot_be_read_is_still_kept_since_it_cannot_be_had_again(self):
        data = saved(Image.new("L", (9, 9))) + b"broken"
        visit = Visit()
        (part,) = await gather(visit, post(data), Reader())
        assert part.picture.content == data
        assert part.picture.width_px is None
        assert [fault.kind for fault in visit.faults] == ["parse"]

    async def test_more_than_a_few_are_told_and_their_boxes_stay(self):
        blobs = [saved(Image.new("L", (40, 20), n)) for n in range(MAX_PICTURES + 2)]
        parts = await gather(Visit(), post(*blobs), Reader())
        assert [part.picture.dropped for part in parts] == [None] * MAX_PICTURES + ["too many"] * 2
        assert parts[-1].picture.content == b""
        assert parts[-1].picture.boxes == (BOX,)

    def test_too_large_alone_or_together_is_told(self, monkeypatch):
        monkeypatch.setattr("crawlers.picture.MAX_BYTES", 100)
        monkeypatch.setattr("crawlers.picture.MAX_DOCUMENT_BYTES", 150)
        allowance = Allowance()
        sizes = [101, 100, 60, 50, 1]
        told = [allowance.kept(Picture(), b"x" * size) for size in sizes]
        assert [one.dropped for one in told] == ["too large", None, "too large", None, "too large"]
        assert [one.n_bytes for one in told] == sizes

    def test_boxes_are_bounded_and_the_rest_counted(self):
        corners = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.1), (0.0, 0.1))
        lines = tuple(Line(str(n), 1.0, 0, 0, 1, 1, corners) for n in range(MAX_BOXES + 7))
        picture = PageReading(lines=lines, width_px=200, height_px=100).picture
        assert (len(picture.boxes), picture.n_boxes_dropped) == (MAX_BOXES, 7)
        assert picture.boxes[0].corners_px == (0, 0, 100, 0, 100, 10, 0, 10)


class TestRecords:
    PART = Attachment(
        "http://x/p.jpg",
        "sha256:1",
        "image/jpeg",
        BOX.text,
        personal=(Personal(name="李小明"),),
        picture=Picture(3, 40, 20, 1, (BOX,), content=b"JPG"),
    )

    def test_none_holds_the_file_or_a_name_and_all_but_memory_the_boxes(self):
        doc = document(self.PART)
        kept = msgspec.json.encode(recorded(doc)).decode()
        sent = json.dumps(to_record(doc), ensure_ascii=False)
        for text in (kept, sent, beside(doc)):
            assert "李小明" not in text
            assert base64.b64encode(b"JPG").decode() not in text
        assert to_record(doc)["attachments"][0]["picture"] == {
            "n_bytes": 3, "width_px": 40, "height_px": 20, "n_quarters": 1, "n_boxes_dropped": 0,
            "dropped": None,
            "boxes": [{"text": BOX.text, "confidence": 0.9, "corners_px": [1, 2, 3, 4, 5, 6, 7, 8]}],
        }  # fmt: skip
        assert "corners_px" in kept
        assert "corners_px" not in beside(doc)

    def test_boxes_of_another_crawler_are_taken_within_bounds_and_never_its_file(self):
        record = to_record(document(self.PART))
        picture = record["attachments"][0]["picture"]
        picture["content"] = base64.b64encode(b"evil").decode()
        picture["boxes"] = [picture["boxes"][0] | {"corners_px": [1]}] + picture["boxes"] * (MAX_BOXES + 5)
        found = read_record(json.dumps(record).encode(), "file:1", RecordFields(), AT)
        (part,) = found.attachments
        assert part.picture.content == b""
        assert part.picture.dropped == "elsewhere"
        assert len(part.picture.boxes) == MAX_BOXES - 1


class TestPlaces:
    @given(
        st.integers(1, 60),
        st.integers(1, 60),
        st.integers(0, 7),
        st.lists(st.tuples(st.floats(0, 59), st.floats(0, 59)), min_size=1, max_size=5),
    )
    @settings(deadline=None)
    def test_a_point_comes_back_from_every_turn(self, width, height, n_quarters, points):
        spots = np.array([[x % width, y % height] for x, y in points])
        quad = np.repeat(spots[:, None], 4, axis=1).astype(np.float32)
        _, turned = turn(np.zeros((height, width, 3), np.uint8), quad, n_quarters)
        back = turn_back(turned[:, 0], n_quarters, width, height)
        assert back == pytest.approx(spots, abs=1e-3)

    @given(st.integers(1, 8), st.integers(8, 60), st.integers(8, 60), st.data())
    @settings(deadline=None, max_examples=60)
    def test_whatever_exif_says_boxes_and_what_is_shown_are_of_the_same_upright_picture(
        self, orientation, width, height, data
    ):
        """A mark is set in the upright picture; stored as the camera held it, it is found there again."""
        x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
        upright = np.zeros((height, width), np.uint8)
        upright[y, x] = 255
        # From the upright picture back to how the sensor saw it: the inverse of what EXIF asks for.
        ways = {
            1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90,
            7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
        }  # fmt: skip
        image = Image.fromarray(upright)
        way = ways[orientation]
        held = image if way is None else image.transpose(way)
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        picture = load(saved(held, "PNG", exif=exif))
        assert (picture.width_px, picture.height_px) == (width, height)
        assert tuple(np.argwhere(picture.pixels[..., 0] == 255)[0]) == (y, x)

    def test_a_page_on_its_side_has_its_lines_where_they_stand_in_the_photo(self):
        """The browser tests' copy of the reading is the reading."""
        worker = PageWorker()
        try:
            found = worker.read((PICTURES / "paper_sideways.jpg").read_bytes()).picture
        finally:
            worker.close()
        told = msgspec.json.decode((PICTURES / "paper_sideways.json").read_bytes(), type=Picture)
        assert (found.width_px, found.height_px, found.n_quarters) == (1573, 1706, 3)
        assert [box.text for box in found.boxes] == [box.text for box in told.boxes]
        for mine, theirs in zip(found.boxes, told.boxes, strict=True):
            assert mine.corners_px == pytest.approx(theirs.corners_px, abs=6)
        # Lines run from the foot of the photo to its head.
        assert all(box.corners_px[1] > box.corners_px[3] + 100 for box in found.boxes)


class TestShown:
    def test_pixels_alone_are_left_upright_and_no_larger_than_asked(self):
        exif = Image.Exif()
        exif[ORIENTATION] = 6
        exif.get_ifd(GPS)[1] = "N"
        data = saved(Image.new("RGB", (400, 200), "red"), "JPEG", exif=exif, comment=b"secret")
        assert b"Exif" in data
        shown = as_shown(data, 100)
        with Image.open(io.BytesIO(shown)) as image:
            assert (image.format, image.size) == ("JPEG", (50, 100))
            assert len(image.getexif()) == 0
        assert b"Exif" not in shown
        assert b"secret" not in shown

    def test_two_pictures_in_one_file_and_what_follows_it_are_not_shown(self):
        frames = [Image.new("RGB", (20, 20), colour) for colour in ("white", "black")]
        data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:]) + b"<script>alert(1)</script>"
        shown = as_shown(data)
        assert b"script" not in shown
        with Image.open(io.BytesIO(shown)) as image:
            assert getattr(image, "n_frames", 1) == 1

    @pytest.mark.parametrize(
        ("data", "kind"),
        [
            (saved(Image.new("1", (16_000, 12_000))), "too_large"),
            (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "parse"),
            (b"<html></html>", "parse"),
            (b"\xff\xd8\xff rest", "parse"),
        ],
    )
    def test_bombs_and_what_is_no_picture_are_refused(self, data, kind):
        with pytest.raises(CrawlError) as refused:
            as_shown(data)
        assert refused.value.kind == kind

    def test_a_reading_replaced_keeps_its_picture(self):
        part = replace(TestRecords.PART, text="y")
        assert recorded(document(part)).attachments[0].picture.boxes == (BOX,)
