"""Pictures: unpacking inside caps, codes, places to reading order, names apart."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from crawlers.errors import CrawlError
from crawlers.extract.image.codes import find_codes
from crawlers.extract.image.engine import square_on
from crawlers.extract.image.load import AREA_PX, load
from crawlers.extract.image.ocr import level, stretch, turn
from crawlers.extract.image.order import reading_order
from crawlers.extract.image.page import pdq
from crawlers.extract.image.personal import MASK, Personal, part

EXIF_ORIENTATION, EXIF_TIME = 0x0112, 0x0132


def saved(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def qr(text: str, *, dark: int = 0, light: int = 255, scale: int = 6) -> np.ndarray:
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    drawn = np.array(zxingcpp.write_barcode_to_image(code, scale=scale, add_quiet_zones=True))
    return np.where(drawn < 128, dark, light).astype(np.uint8)


class TestLoad:
    def test_exif_orientation_is_applied_and_exif_time_is_noted(self):
        image = Image.new("RGB", (40, 20), "white")
        exif = Image.Exif()
        exif[EXIF_ORIENTATION] = 6
        exif[EXIF_TIME] = "2026:06:07 09:20:11"
        picture = load(saved(image, "JPEG", exif=exif))
        assert picture.pixels.shape == (40, 20, 3)
        assert picture.claimed_at == "2026:06:07 09:20:11"

    def test_a_picture_of_too_many_pixels_is_refused_by_its_header(self):
        bomb = saved(Image.new("1", (16_000, 12_000)))
        with pytest.raises(CrawlError) as refused:
            load(bomb)
        assert refused.value.kind == "too_large"

    def test_a_large_picture_is_brought_to_the_size_that_is_kept(self):
        pixels = load(saved(Image.new("L", (5000, 5000), 255), "JPEG")).pixels
        assert pixels.shape[0] * pixels.shape[1] <= AREA_PX

    def test_a_long_strip_keeps_its_width(self):
        assert load(saved(Image.new("L", (700, 9000), 255))).pixels.shape == (9000, 700, 3)

    @pytest.mark.parametrize("n_bytes", [0, 3, 40, 300])
    def test_a_cut_picture_is_a_fault_and_nothing_worse(self, n_bytes):
        whole = saved(
            Image.fromarray(np.random.default_rng(1).integers(0, 255, (60, 60), dtype=np.uint8)), "JPEG"
        )
        with pytest.raises(CrawlError) as fault:
            load(whole[:n_bytes])
        assert fault.value.kind == "parse"

    @given(st.binary(max_size=400), st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"]))
    def test_damage_anywhere_ends_in_a_picture_or_a_fault(self, noise, kind):
        whole = bytearray(saved(Image.new("RGB", (16, 16), "red"), kind))
        start = len(whole) // 3
        whole[start : start + len(noise)] = noise
        outcome = "read"
        try:
            load(bytes(whole))
        except CrawlError as error:
            outcome = error.kind
        assert outcome in ("read", "parse", "too_large")

    def test_white_writing_on_nothing_is_put_on_a_dark_ground(self):
        image = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
        image.paste((255, 255, 255, 255), (5, 5, 10, 10))
        pixels = load(saved(image)).pixels
        assert pixels[7, 7].min() == 255
        assert pixels[0, 0].max() < 60

    def test_black_writing_on_nothing_is_put_on_white(self):
        image = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
        image.paste((0, 0, 0, 255), (5, 5, 10, 10))
        pixels = load(saved(image)).pixels
        assert pixels[7, 7].max() == 0
        assert pixels[0, 0].min() == 255


class TestCodes:
    @pytest.mark.parametrize("n_turns", [0, 1, 2, 3])
    def test_a_code_is_read_whichever_way_up(self, n_turns):
        assert find_codes(np.ascontiguousarray(np.rot90(qr("加群 12345"), n_turns))) == ("加群 12345",)

    def test_a_light_code_on_a_dark_ground_is_read(self):
        assert find_codes(qr("https://example.org/a", dark=255, light=0)) == ("https://example.org/a",)

    def test_a_small_code_of_little_contrast_is_read(self):
        assert find_codes(qr("vx: abc", dark=120, light=150, scale=2)) == ("vx: abc",)

    def test_two_codes_are_both_read(self):
        both = np.hstack([qr("first"), np.full((qr("first").shape[0], 30), 255, np.uint8), qr("other")])
        assert set(find_codes(both)) == {"first", "other"}

    def test_noise_holds_no_code(self):
        noise = np.random.default_rng(7).integers(0, 255, (700, 900), dtype=np.uint8)
        assert find_codes(noise) == ()


def page_of(columns: int, n_lines: int, angle_deg: float = 0.0) -> np.ndarray:
    """Quads of full lines 20 high, in reading order."""
    quads = []
    for column, line in itertools.product(range(columns), range(n_lines)):
        left, top = 100 + column * 520, 100 + line * 32
        quads.append([[left, top], [left + 480, top], [left + 480, top + 20], [left, top + 20]])
    angle = np.radians(angle_deg)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned = np.array(quads, np.float32) @ matrix
    return (turned - turned.reshape(-1, 2).min(axis=0)).astype(np.float32)


class TestOrder:
    @given(st.integers(1, 3), st.integers(6, 20), st.floats(-12, 12), st.randoms(use_true_random=False))
    def test_columns_are_read_one_after_the_other_at_any_slant(self, columns, n_lines, angle, random):
        quads = page_of(columns, n_lines, angle)
        shuffled = list(range(len(quads)))
        random.shuffle(shuffled)
        boxes, _ = level(quads[shuffled], 2000, 2000)
        rows = reading_order(boxes)
        assert [[shuffled[one] for one in row] for row in rows] == [[n] for n in range(len(quads))]

    def test_options_side_by_side_are_one_line(self):
        boxes = [[x, 100 + y * 32, x + 60, 120 + y * 32, 0] for y in range(12) for x in (100, 350, 600, 850)]
        rows = reading_order(np.array(boxes, float))
        assert rows == [[4 * y, 4 * y + 1, 4 * y + 2, 4 * y + 3] for y in range(12)]

    def test_a_heading_over_both_columns_comes_first_and_a_footer_last(self):
        boxes = [[100, 40, 1000, 60, 0]]
        boxes += [[left, 100 + y * 32, left + 420, 120 + y * 32, 0] for left in (100, 580) for y in range(8)]
        boxes += [[300, 400, 800, 420, 0]]
        assert [row[0] for row in reading_order(np.array(boxes, float))] == list(range(18))

    def test_pieces_of_a_sloping_line_stay_together(self):
        boxes = [[100, 100, 500, 130, 20], [510, 118, 900, 148, 20], [100, 140, 500, 170, 20]]
        assert reading_order(np.array(boxes, float)) == [[0, 1], [2]]

    @given(st.lists(st.tuples(*[st.integers(0, 900)] * 2, *[st.integers(1, 300)] * 2), max_size=40))
    def test_every_box_is_read_once_wherever_boxes_lie(self, places):
        boxes = np.array([[x, y, x + w, y + h, 0] for x, y, w, h in places], float).reshape(-1, 5)
        read = [one for row in reading_order(boxes) for one in row]
        assert sorted(read) == list(range(len(places)))

    @pytest.mark.parametrize("angle_deg", [0, 4, -9, 30, 86, 90, 94, 180, 265, 270])
    def test_corners_begin_at_the_side_that_runs_to_the_right(self, angle_deg):
        angle = np.radians(angle_deg)
        matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        quad = np.array([[-300, -20], [300, -20], [300, 20], [-300, 20]]) @ matrix.T
        for shift in range(4):
            corners = square_on(np.roll(quad, shift, axis=0)[None].astype(np.float32))[0]
            across = corners[1] - corners[0]
            assert abs(np.arctan2(across[1], across[0])) <= np.pi / 4 + 1e-3

    def test_four_quarter_turns_change_nothing(self):
        pixels = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
        quads = np.array([[[1, 1], [5, 1], [5, 3], [1, 3]]], np.float32)
        turned, moved = turn(pixels, quads, 2)
        again, back = turn(turned, moved, 2)
        assert (again == pixels).all()
        assert (back == quads).all()


def test_a_dim_picture_is_stretched_and_a_bright_one_left_alone():
    dim = np.linspace(20, 90, 64 * 64 * 3).reshape(64, 64, 3).astype(np.uint8)
    assert np.ptp(stretch(dim)) > 240
    bright = np.linspace(0, 255, 64 * 64 * 3).reshape(64, 64, 3).astype(np.uint8)
    assert stretch(bright) is bright


def test_a_repost_at_another_size_keeps_its_hash_and_a_plain_picture_has_none():
    rng = np.random.default_rng(4)
    rough = Image.fromarray(rng.integers(0, 255, (12, 16, 3), dtype=np.uint8))
    large = np.asarray(rough.resize((800, 600), Image.Resampling.BICUBIC))
    small = np.asarray(rough.resize((400, 300), Image.Resampling.BICUBIC))
    apart = bin(int(pdq(large), 16) ^ int(pdq(small), 16)).count("1")
    assert apart <= 31  # the distance at which PDQ's authors call two pictures the same
    assert pdq(np.full((300, 300, 3), 200, np.uint8)) is None


class TestPersonal:
    def test_name_seat_and_number_are_taken_out_of_the_text(self):
        lines, personal = part(["姓名：李小明 准考证号：202600123456", "考场号 07 座位号：24"])
        assert personal == Personal("李小明", "07 / 24", "202600123456")
        assert "".join(lines) == f"姓名：{MASK} 准考证号：{MASK}考场号 {MASK} 座位号：{MASK}"

    @pytest.mark.parametrize(
        "line",
        [
            "1.答卷前，考生务必将自己的姓名、准考证号填写在答题卡上。",
            "姓名________ 班级________ 座位号____",
            "姓名准考证号考场",
            "Name: ____________ Candidate Number",
            "请输入文件名和座位数",
        ],
    )
    def test_fields_that_nobody_filled_in_name_nobody(self, line):
        lines, personal = part([line])
        assert personal.is_empty
        assert lines == [line]

    def test_english_fields_are_known(self):
        _, personal = part(["Candidate Name: Mary Ann Smith", "Seat No. 117   Candidate No: 0042 7781"])
        assert personal == Personal("Mary Ann Smith", "117", "00427781")

    @given(st.integers(1, 9999), st.integers(10**7, 10**14))
    def test_no_filled_in_figure_is_left_in_the_text(self, seat, number):
        lines, _ = part([f"座位号：{seat}", f"准考证号：{number}"])
        assert not any(char.isdigit() for line in lines for char in line)
