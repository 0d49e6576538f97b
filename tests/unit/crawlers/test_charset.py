"""Bytes to text: declarations first, looks second, and never an exception."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.charset import decode

TEXT = "全国统一考试试题及参考答案，请考生认真阅读以下说明。" * 5
TRADITIONAL = "這是臺灣的部落格，網誌內容關於攝影與旅遊，歡迎留言討論。" * 5


@pytest.mark.parametrize(
    ("body", "content_type", "how"),
    [
        (TEXT.encode("gb18030"), "text/html; charset=gb2312", "header"),
        (b"<meta charset='gbk'>" + TEXT.encode("gbk"), "text/html", "declaration"),
        (b'<?xml version="1.0" encoding="GB2312"?>' + TEXT.encode("gbk"), "", "declaration"),
        (
            b"<meta http-equiv=x content='text/html; charset=big5'>" + TRADITIONAL.encode("big5hkscs"),
            "",
            "declaration",
        ),
        (TEXT.encode(), "", "utf-8"),
        (TEXT.encode("gb18030"), "", "gb18030"),
        (b"\xef\xbb\xbf" + TEXT.encode(), "text/html; charset=gbk", "bom"),
        (b"\xff\xfe" + TEXT.encode("utf-16-le"), "", "bom"),
        (TEXT.encode(), "text/html; charset=gbk-of-my-own", "utf-8"),
    ],
)
def test_each_way_to_say_or_show_a_charset_is_read(body, content_type, how):
    got = decode(body, content_type)
    assert got.how == how
    assert TEXT in got.text or TRADITIONAL in got.text


def test_a_wrong_declaration_is_not_believed():
    assert TEXT in decode(TEXT.encode("gb18030"), "text/html; charset=utf-8").text


def test_one_broken_character_does_not_discredit_a_declaration():
    body = TEXT.encode() + b"\xff" + TEXT.encode()
    got = decode(body, "text/html; charset=utf-8")
    assert (got.charset, got.text.count("\ufffd")) == ("utf-8", 1)


def test_a_page_cut_within_its_last_character_keeps_its_charset():
    assert decode(TEXT.encode()[:-1]).charset == "utf-8"
    assert decode(TEXT.encode("gb18030")[:-1]).charset == "gb18030"


def test_undeclared_big5_is_not_taken_for_gb18030():
    assert decode(TRADITIONAL.encode("big5")).how == "detector"


@given(st.binary(max_size=300), st.text(max_size=40))
def test_any_bytes_under_any_header_become_text(body, content_type):
    assert isinstance(decode(body, content_type).text, str)


@pytest.mark.parametrize(
    "name", ["utf-7", "idna", "rot13", "zlib", "base64", "hex", "unicode_escape", "undefined"]
)
def test_codecs_that_are_no_charsets_are_not_used(name):
    assert decode(b"+ADw-script+AD4-", f"text/html; charset={name}").text == "+ADw-script+AD4-"
