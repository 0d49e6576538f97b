"""Attachments: every format says its text, inside its caps."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

import docx
import openpyxl
import pptx
import py7zr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from crawlers.errors import CrawlError
from crawlers.extract.file import Caps, ImageText, kind_of
from crawlers.extract.html import html_to_text, parse_html, text_of
from crawlers.extract.read import read_bytes


@dataclass(frozen=True)
class FakeReader:
    def read(self, data: bytes) -> ImageText:
        return ImageText("看图识字", ("https://t.me/x",), "ab" * 32)


def docx_bytes(*lines: str) -> bytes:
    document = docx.Document()
    for line in lines:
        document.add_paragraph(line)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def png_bytes(size: int = 64) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((size, size), 80).save(out, "PNG")
    return out.getvalue()


def pdf_bytes(*lines: str) -> bytes:
    """A PDF as small as one can be: one page a line, Helvetica."""
    n = len(lines)
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(n))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {n} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for i, line in enumerate(lines):
        stream = f"BT /F1 24 Tf 72 720 Td ({line}) Tj ET" if line else ""
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * i} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    body, offsets = "%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{text}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n"
    return (
        body + end + f"<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF"
    ).encode()


class GbkInfo(zipfile.ZipInfo):
    def _encodeFilenameFlags(self):
        return self.filename.encode("gbk"), self.flag_bits & ~0x800


def zip_bytes(members: dict[str, bytes], *, gbk: bool = False) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in members.items():
            package.writestr(GbkInfo(name) if gbk else name, data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def sevenzip_bytes(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w") as package:
        for name, data in members.items():
            package.writestr(data, name)
    return out.getvalue()


def test_a_docx_says_its_paragraphs_and_tables():
    document = docx.Document()
    document.add_paragraph("绝密★启用前")
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "1. A", "2. C"
    out = io.BytesIO()
    document.save(out)
    read = read_bytes(out.getvalue(), "paper.docx")
    assert read.text.startswith("绝密★启用前")
    assert "1. A" in read.text
    assert "2. C" in read.text


def test_a_pptx_says_its_slides_in_their_order():
    deck = pptx.Presentation()
    for n in range(1, 12):
        deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = f"第{n}张"
    out = io.BytesIO()
    deck.save(out)
    assert read_bytes(out.getvalue(), "x.pptx").text.split() == [f"第{n}张" for n in range(1, 12)]


def test_a_slide_whose_number_is_none_is_read_all_the_same():
    slide = b'<a:p xmlns:a="x"><a:t>hi</a:t></a:p>'
    names = [f"ppt/slides/slide{number}.xml" for number in ("9" * 5000, "²③", "2")]
    data = zip_bytes({"ppt/presentation.xml": b"<a/>", **dict.fromkeys(names, slide)})
    assert read_bytes(data, "x.pptx").text.split() == ["hi"] * 3


def test_an_xlsx_says_its_strings():
    book = openpyxl.Workbook()
    book.active.append(["题号", "答案"])
    book.active.append([1, "B"])
    out = io.BytesIO()
    book.save(out)
    assert {"题号", "答案", "B"} <= set(read_bytes(out.getvalue(), "x.xlsx").text.split())


def test_a_pdf_says_its_pages_and_no_more_than_the_cap():
    read = read_bytes(
        pdf_bytes("Question one is A", "Question two is C and so on"), "p.pdf", Caps(max_pages=1)
    )
    assert read.text == "Question one is A"
    assert read.n_pages == 2
    assert read.faults == ["p.pdf: 1 pages not read"]


def test_a_scanned_page_goes_to_the_reader_of_pictures():
    assert read_bytes(pdf_bytes(""), "scan.pdf", images=FakeReader()).text == "看图识字"


def test_a_picture_gives_text_codes_and_hash_when_there_is_a_reader():
    read = read_bytes(png_bytes(), "x.png", images=FakeReader())
    assert (read.text, read.qr, read.pdq) == ("看图识字", ("https://t.me/x",), "ab" * 32)
    assert read_bytes(png_bytes(), "x.png").text == ""


@pytest.mark.parametrize("pack", [zip_bytes, sevenzip_bytes])
def test_an_archive_says_the_names_and_texts_of_its_members_also_nested(pack):
    inner = pack({"第二题.docx": docx_bytes("选C")})
    data = pack(
        {"答案/第一题.txt": "第一题选A".encode("gb18030") * 9, "更多.zip": inner, "x.bin": b"\x00\x01"}
    )
    read = read_bytes(data, "答案.zip")
    for words in ("第一题.txt", "选A", "第二题.docx", "选C"):
        assert words in read.text
    assert len(read.faults) == 1


def test_member_names_in_gbk_are_read_as_gbk():
    data = zip_bytes({"高考答案.txt": b"x"}, gbk=True)
    assert zipfile.ZipFile(io.BytesIO(data)).namelist() != ["高考答案.txt"]
    assert "高考答案.txt" in read_bytes(data, "a.zip").text


@pytest.mark.parametrize("pack", [zip_bytes, sevenzip_bytes])
def test_a_bomb_is_refused_before_it_is_unpacked_further_than_the_cap(pack):
    data = pack({"zeros": bytes(50 * 2**20)})
    assert len(data) < 200_000
    try:
        told = " ".join(read_bytes(data, "bomb", Caps(max_bytes=2**20)).faults)
    except CrawlError as error:
        told = str(error)
    assert "size limit" in told


def test_a_member_that_lies_about_its_size_is_still_counted():
    data = bytearray(zip_bytes({"zeros.txt": bytes(5 * 2**20)}))
    real = (5 * 2**20).to_bytes(4, "little")
    data = data.replace(real, (10).to_bytes(4, "little"))
    read = read_bytes(bytes(data), "liar.zip", Caps(max_bytes=2**20))
    assert len(read.text) < 100


def test_nesting_and_counts_have_their_caps():
    data = b"end"
    for _ in range(6):
        data = zip_bytes({"inner.zip": data})
    assert any("nested" in fault for fault in read_bytes(data, "deep.zip").faults)
    many = zip_bytes({f"{n}.txt": b"x" for n in range(50)})
    read = read_bytes(many, "many.zip", Caps(max_members=10))
    assert read.faults == ["many.zip: more members than 10"]
    assert read.text.count("x") >= 10


def test_many_small_members_share_one_cap_on_bytes():
    data = zip_bytes({f"{n}.txt": b"x" * 300_000 for n in range(20)})
    read = read_bytes(data, "sum.zip", Caps(max_bytes=2**20))
    assert "size limit" in read.faults[0]
    assert "0.txt" in read.text


def test_entities_in_office_xml_are_refused():
    bomb = b'<!DOCTYPE w [<!ENTITY a "aaaa">]><w:document xmlns:w="w"><w:t>&a;</w:t></w:document>'
    read = read_bytes(zip_bytes({"word/document.xml": bomb}), "x.docx")
    assert "entities" in read.faults[0]


@pytest.mark.parametrize(
    "data", [b"%PDF-1.4 broken", b"PK\x03\x04broken", b"7z\xbc\xaf\x27\x1cbroken", b"Rar!\x1a\x07\x00"]
)
def test_a_broken_file_is_one_clear_line(data):
    with pytest.raises(CrawlError) as told:
        read_bytes(data, "x")
    assert str(told.value).startswith("x:")
    assert "\n" not in str(told.value)


WHOLE = zip_bytes({"a.txt": b"hello" * 50, "b.docx": docx_bytes("x")})


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
def test_damage_anywhere_in_a_zip_ends_in_text_or_one_line(where, damage):
    data = bytearray(WHOLE)
    where %= len(data)
    data[where : where + len(damage)] = damage
    kind = ""
    try:
        read_bytes(bytes(data), "x.zip")
    except CrawlError as error:
        kind = error.kind
    assert kind in ("", "parse", "too_large")


def test_files_are_told_by_their_bytes():
    assert kind_of(png_bytes()) == "image/png"
    assert kind_of(b"  <!DOCTYPE html><p>") == "text/html"
    assert kind_of("第一题".encode("gb18030")) == "text/plain"
    assert kind_of(b"\x7fELF\x00\x00") == "application/octet-stream"
    assert kind_of(bytes(range(1, 256))) == "application/octet-stream"
    assert kind_of(bytes([7, 3, 9, 200, 150, 33, 66, 1, 2, 5, 14, 180])) == "application/octet-stream"
    assert kind_of("第一题\x0c\t\x1b$B\r\n".encode() * 20 + b"\x01") == "text/plain"
    assert kind_of("第一题".encode("utf-16")) == "text/plain"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("高<b>考</b><i>答</i>案", "高考答案"),
        ("<p>一</p><p>二</p>", "一\n二"),
        ("一<br>二<br/>三", "一\n二\n三"),
        ("<table><tr><td>1</td><td>A</td></tr><tr><td>2</td><td>B</td></tr></table>", "1 A\n2 B"),
        ("卖<font class='jammer'>x8#k</font>答<span style='display: none'>垃圾</span>案", "卖答案"),
        ("a<script>alert(1)</script><style>p{}</style><!-- c -->b", "ab"),
        ("&lt;b&gt; &amp; &nbsp;x", "<b> & x"),
        ("<div>一<div>二</div>三</div>", "一\n二\n三"),
    ],
)
def test_html_reads_as_a_person_sees_it(html, text):
    assert html_to_text(html) == text


def test_deep_nesting_needs_no_recursion():
    assert text_of(parse_html("<div>" * 3000 + "x").body) == "x"


@given(st.text(max_size=200))
def test_any_text_is_some_html(text):
    assert isinstance(html_to_text(text), str)
