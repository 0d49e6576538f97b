"""Reports on their way out wait for decoders only when they must."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from sdr.decoders import Decoded
from sdr.decoders.worker import DecodeWorker, Job
from sdr.reading import Reading
from sdr.tape import Tape
from sdr.types import Emission, SampleFormat

AT = datetime(2026, 6, 7, tzinfo=UTC)
SENSOR = {"by": "rtl_433", "text": "Prologue id=1", "device": "weather sensor"}
PAGE = {"by": "multimon-ng", "text": "hello"}
BASE = Emission(
    "one", "hall", 0.0, 0.1, AT, AT, True, 433.9e6, 9e3, 20.0, -20.0, 1, 0.1, 1.0,
    modulation="ook", extra={"first_sample": 100, "last_sample": 2000},
)  # fmt: skip


class Gate:
    """A decoder that answers when it is let."""

    def __init__(self, *messages):
        self.messages, self.let, self.jobs = messages, threading.Event(), []

    def __call__(self, iq, format, rate_hz, offset_hz, modulation):
        self.jobs.append((len(iq), offset_hz, modulation))
        assert self.let.wait(5)
        return Decoded(self.messages, {})


@pytest.fixture
def tape():
    tape = Tape(SampleFormat.CU8, 10_000)
    tape.append(np.zeros((10_000, 2), "u1"), 0)
    return tape


def _reading(decode, **settings):
    said = []
    worker = DecodeWorker(decode=decode)
    return Reading(lambda emission, is_last: said.append((emission, is_last)), worker, **settings), said


def test_the_last_report_waits_for_the_answer_and_carries_it(tape):
    decode = Gate(SENSOR)
    reading, said = _reading(decode)
    reading.report(replace(BASE, ended=False), False, tape, 20e3, 433.89e6)
    assert [is_last for _, is_last in said] == [False]
    reading.report(BASE, True, tape, 20e3, 433.89e6)
    assert len(said) == 1
    decode.let.set()
    reading.finish()
    emission, is_last = said[-1]
    assert is_last
    assert emission.decoded == (SENSOR,)
    assert emission.extra["known_device"] == "weather sensor"
    assert [(offset, kind) for _, offset, kind in decode.jobs] == [(pytest.approx(10e3), "ook")]


def test_what_needs_no_answer_does_not_wait_for_what_does(tape):
    decode = Gate(PAGE)
    reading, said = _reading(decode)
    reading.report(BASE, True, tape, 20e3, 433.89e6)
    reading.report(replace(BASE, id="voice", modulation="nfm", content="voice"), True, tape, 20e3, 433.89e6)
    assert [emission.id for emission, _ in said] == ["voice"]
    decode.let.set()
    reading.finish()
    assert [emission.id for emission, _ in said] == ["voice", "one"]
    assert "known_device" not in said[-1][0].extra


def test_nothing_in_a_band_marked_so_is_decoded(tape):
    decode = Gate(SENSOR)
    reading, said = _reading(decode, no_decoding=[(433e6, 434e6)])
    reading.report(BASE, True, tape, 20e3, 433.89e6)
    reading.finish()
    assert decode.jobs == []
    assert said == [(BASE, True)]


def test_a_full_queue_drops_and_counts_and_the_report_goes_out():
    started = threading.Event()
    let = threading.Event()

    def decode(iq, format, rate_hz, offset_hz, modulation):
        started.set()
        assert let.wait(5)
        return Decoded((), {})

    worker = DecodeWorker(decode=decode, max_waiting=1)
    iq = np.zeros((10, 2), "u1")
    job = Job("a", iq, SampleFormat.CU8, 1e6, 0.0, "ook")
    assert worker.offer(job)
    assert started.wait(5)
    assert worker.offer(replace(job, key="b"))
    assert not worker.offer(replace(job, key="c"))
    assert worker.n_dropped == 1
    assert not worker.is_open("c")
    let.set()
    assert worker.wait(5)
    worker.close()


def test_a_decoder_that_fails_is_counted_and_the_thread_lives_on():
    def decode(iq, format, rate_hz, offset_hz, modulation):
        if modulation == "ook":
            raise OSError
        return Decoded((PAGE,), {"rtl_433/empty": 1})

    worker = DecodeWorker(decode=decode)
    job = Job("a", np.zeros((10, 2), "u1"), SampleFormat.CU8, 1e6, 0.0, "ook")
    worker.offer(job)
    worker.offer(replace(job, key="b", modulation="fsk2"))
    assert worker.wait(5)
    assert worker.take("a") is None
    answer = worker.take("b")
    assert answer is not None
    assert answer.messages == (PAGE,)
    assert worker.take("b") is None
    assert worker.rejections == {"decoder/failed": 1, "rtl_433/empty": 1}
    worker.close()
