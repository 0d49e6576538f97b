"""Debian's rtl_tcp and rtl_power over the emulated librtlsdr: what others make of it, and we of them."""

import csv
import shutil
import signal
import socket
import time
from contextlib import contextmanager

import numpy as np
import pytest

from sdr.source import SourceError, open_source
from sdr.types import Hop
from tests.emulator.emulator import MISSING, Emulator, build

pytestmark = [
    pytest.mark.tools,
    pytest.mark.skipif(MISSING is not None, reason=str(MISSING)),
    pytest.mark.skipif(
        shutil.which("rtl_tcp") is None, reason="rtl_tcp and rtl_power (Debian: rtl-sdr) are missing"
    ),
]
RATE = 2.4e6


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return build(tmp_path_factory.mktemp("emulator"))


@pytest.fixture
def emulator(library, tmp_path):
    return Emulator(library, tmp_path)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextmanager
def rtl_tcp(emulator, port):
    server = emulator.start("stdbuf", "-oL", "rtl_tcp", "-a", "127.0.0.1", "-p", str(port))
    try:
        for line in server.stdout:
            if b"listening" in line:
                break
        yield server
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait(10)
        server.stdout.close()
        emulator.set("IS_OPEN", 0)


def level_at(iq, offset_hz, rate=RATE, width_hz=4000):
    samples = (iq[:, 0] - 127.5 + 1j * (iq[:, 1] - 127.5)) / 127.5
    power = np.abs(np.fft.fft(samples) / len(samples)) ** 2
    at = np.fft.fftfreq(len(samples), 1 / rate)
    return 10 * np.log10(power[np.abs(at - offset_hz) < width_hz / 2].sum())


def open_soon(port, **options):
    """rtl_tcp says that it listens just before it does."""
    for _ in range(50):
        try:
            return open_source(f"tcp://127.0.0.1:{port}", **options)
        except SourceError:
            time.sleep(0.05)
    raise AssertionError("rtl_tcp does not listen")


def first_block(source, n, seconds=12.0):
    """The next block, whatever faults come before it."""
    end, faults = time.monotonic() + seconds, []
    while time.monotonic() < end:
        try:
            return source.read(n)
        except SourceError as fault:
            faults.append(str(fault))
    raise AssertionError(f"nothing within {seconds} s: {faults}")


def test_rtl_power_sees_the_world_where_it_is(emulator, tmp_path):
    emulator.describe(
        "noise_dbfs -40\nemitter 433950000 -25 carrier 0 0 0\nemitter 434800000 -30 fsk 0 0 0 1200 4500\n"
    )
    done = emulator.run(
        "rtl_power",
        "-f",
        "433M:435M:10k",
        "-w",
        "blackman",
        "-i",
        "1",
        "-1",
        "-g",
        "30",
        str(tmp_path / "p.csv"),
    )
    assert done.returncode == 0, done.stderr
    powers = {}
    for row in csv.reader((tmp_path / "p.csv").open()):
        low, step = float(row[2]), float(row[4])
        powers |= {low + number * step: float(value) for number, value in enumerate(row[6:])}
    floor = np.median(list(powers.values()))
    loud = sorted(hertz for hertz, power in powers.items() if power > floor + 15)
    for truth in (433.95e6, 434.8e6):
        assert any(abs(hertz - truth) < 20e3 for hertz in loud)
    assert all(min(abs(hertz - truth) for truth in (433.95e6, 434.8e6)) < 50e3 for hertz in loud)


def test_a_real_rtl_tcp_is_read_tuned_and_set(emulator):
    emulator.describe("noise_dbfs -45\nretune_ms 6\nemitter 434100000 -12 carrier 0 0 0\n")
    port = free_port()
    with rtl_tcp(emulator, port):
        source = open_soon(port, center_hz=434e6, gain_db=29.7)
        try:
            for number in range(12):
                center = 434.3e6 if number % 2 else 434e6
                source.tune(Hop(center, RATE, gain_db=29.7))
                block = first_block(source, 16384)
                assert level_at(block.iq[:4096], 434.1e6 - center) == pytest.approx(-12, abs=1.0)
                assert level_at(block.iq[:4096], 434.1e6 - (868.3e6 - center)) < -35
                assert block.n_dropped_before == 0
            assert emulator.get("GAIN") == 297
            assert emulator.get("RATE") == RATE
        finally:
            source.close()


@pytest.mark.slow
def test_a_server_that_is_killed_and_started_again_is_found_within_10_s(emulator):
    port = free_port()
    with rtl_tcp(emulator, port):
        source = open_soon(port, center_hz=434e6)
        first_block(source, 65536)
    time.sleep(1.0)
    with rtl_tcp(emulator, port):
        began = time.monotonic()
        while (block := first_block(source, 65536)).n_dropped_before == 0:
            assert time.monotonic() - began < 10
        assert time.monotonic() - began < 10
        assert block.n_dropped_before / RATE > 0.9
        assert emulator.get("CENTER") == 434_000_000
        source.close()


def test_what_the_server_loses_is_counted(emulator):
    emulator.describe("counter\n")
    port = free_port()
    with rtl_tcp(emulator, port):
        source = open_soon(port, center_hz=434e6)
        for _ in range(30):
            first_block(source, 65536)
        emulator.set("LOSE", 240_000)
        found = [source.read(65536).n_dropped_before for _ in range(60)]
        source.close()
    (lost,) = [n_dropped for n_dropped in found if n_dropped]
    assert lost == pytest.approx(240_000, abs=0.01 * RATE)
