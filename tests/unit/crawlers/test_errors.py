"""What a person reads of a failure."""

from __future__ import annotations

import pickle

import pytest

from crawlers.errors import ERROR_KINDS, CrawlError


@pytest.mark.parametrize("kind", ERROR_KINDS)
def test_every_kind_of_failure_is_one_line_in_both_languages(kind):
    error = CrawlError(kind, "http://x.example/", "line one\nline two")
    known = ERROR_KINDS[kind]
    assert str(error) == f"http://x.example/: {known.en} / {known.zh} (line one line two)"
    assert error.told("en") == f"http://x.example/: {known.en} (line one line two)"
    assert error.told("zh") == f"http://x.example/: {known.zh} (line one line two)"
    assert any("\u4e00" <= c <= "\u9fff" for c in known.zh)


def test_a_failure_keeps_its_kind_on_the_way_out_of_a_child():
    error = pickle.loads(pickle.dumps(CrawlError("parse", "a:3", "JSON")))
    assert (error.kind, error.where, error.detail, error.retry) == ("parse", "a:3", "JSON", False)
