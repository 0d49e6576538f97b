"""Strangers' words on a terminal, in messages and in the log."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli.run import set_up_logging
from monitor.cli.terminal import marked
from monitor.faults import Fault, InputError
from monitor.plain import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("出售答案 ✅ 👨\u200d👩\u200d👧 a\u3000b", "出售答案 ✅ 👨\u200d👩\u200d👧 a\u3000b"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("one\ntwo\r\x07", "one\\ntwo\\r\\x07"),
        ("exe.\u202egpj", "exe.\\u202egpj"),
        ("\udcd6\udcd0.txt", "\\udcd6\\udcd0.txt"),
    ],
)
def test_what_a_terminal_obeys_is_written_out_and_letters_stay(text, shown):
    assert plain(text) == shown


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_no_text_keeps_a_control_or_a_second_line(text):
    shown = plain(text)
    assert len(shown.splitlines()) <= 1
    assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 for letter in shown)
    shown.encode("utf-8")


def test_rich_obeys_no_word_either():
    from rich.console import Console

    out = io.StringIO()
    Console(file=out, width=80).print(marked("[red]x[/] [/bad] \x1b[1m"))
    assert out.getvalue().strip() == "[red]x[/] [/bad] \\x1b[1m"


def test_a_fault_is_one_line_whatever_the_file_is_called():
    error = InputError([Fault("a\nb\x1b[2J", 0, "is\nempty")])
    assert str(error) == "a\\nb\\x1b[2J: is\\nempty"


@pytest.fixture
def logged(monkeypatch):
    """Log as `run` does, on a terminal or not; what was written."""

    def call(work, *, on_terminal):
        class Stream(io.StringIO):
            def isatty(self):
                return on_terminal

        stream = Stream()
        monkeypatch.setattr(sys, "stderr", stream)
        set_up_logging()
        work(structlog.get_logger())
        return stream.getvalue()

    level = logging.getLogger("apprise").level
    yield call
    logging.getLogger("apprise").setLevel(level)


def _fail(log):
    password = "hunter" + "2"  # as it stands in no line of this file's trace
    try:
        raise RuntimeError("broken" if password else "")
    except RuntimeError:
        log.exception("a request failed")


@pytest.mark.parametrize("on_terminal", [False, True])
def test_a_trace_is_in_the_log_without_what_the_variables_held(logged, on_terminal):
    said = logged(_fail, on_terminal=on_terminal)
    assert "RuntimeError: broken" in said
    assert "in _fail" in said
    assert "hunter2" not in said


def test_no_word_of_the_log_is_obeyed_or_begins_a_line(logged):
    said = logged(
        lambda log: log.warning("refused", path="/x\n12:00 [info] all is well\x1b[2J"), on_terminal=True
    )
    assert len(said.splitlines()) == 1
    assert "\x1b[2J" not in said
    said = logged(lambda log: log.warning("refused", path="/x\n\x1b[2J"), on_terminal=False)
    assert json.loads(said)["path"] == "/x\n\x1b[2J"
    assert len(said.splitlines()) == 1


def test_what_apprise_says_of_an_address_is_not_logged(logged):
    import apprise

    def add(_log):
        assert not apprise.Apprise().add("nosuch://user:pass@host/tok3n")

    assert logged(add, on_terminal=False) == ""
