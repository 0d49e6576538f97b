"""The real pyrtlsdr over the emulated librtlsdr: the dongle is arithmetic, everything above it is not."""

import json
import os
import time
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import pytest

from sdr.source import SourceError, open_source
from sdr.source.librtlsdr import load_library, load_rtlsdr
from sdr.source.usb import list_dongles, parse_selection, with_state
from sdr.types import Hop
from tests.emulator.emulator import MISSING, PYTHON, Emulator, build

pytestmark = [pytest.mark.tools, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]
RATE = 2.4e6


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """One emulated library for this process: a library once loaded stays."""
    folder = tmp_path_factory.mktemp("emulator")
    emulator = Emulator(build(folder), folder)
    before = {name: os.environ.get(name) for name in emulator.env}
    os.environ.update(emulator.env)
    yield emulator, load_rtlsdr()
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture
def emulator(loaded):
    emulator, rtlsdr = loaded
    if not hasattr(rtlsdr.lib, "emulator_reload"):
        pytest.skip("another librtlsdr was loaded first")

    class Loaded:
        get, set, run = emulator.get, emulator.set, emulator.run

        @staticmethod
        def describe(world, **options):
            emulator.describe(world, **options)
            rtlsdr.lib.emulator_reload()

    Loaded.describe("noise_dbfs -40\n")
    return Loaded


@contextmanager
def opened(spec="rtl:0", **options):
    source = open_source(spec, **{"center_hz": 434e6, **options})
    try:
        yield source
    finally:
        source.close()


def read_for(source, seconds, n=65536):
    end, found = time.monotonic() + seconds, []
    while time.monotonic() < end:
        block = source.read(n)
        found.append((block.first_sample, block.iq.copy(), block.n_dropped_before, block.hop))
    return found


def counted(iq):
    """The number that a sample of the `counter` world tells, modulo 65536."""
    return iq[..., 0].astype(int) + 256 * iq[..., 1].astype(int)


def level_at(iq, offset_hz, rate=RATE, width_hz=4000):
    """dBFS of what is near `offset_hz`."""
    samples = (iq[:, 0] - 127.5 + 1j * (iq[:, 1] - 127.5)) / 127.5
    power = np.abs(np.fft.fft(samples) / len(samples)) ** 2
    at = np.fft.fftfreq(len(samples), 1 / rate)
    return 10 * np.log10(power[np.abs(at - offset_hz) < width_hz / 2].sum())


def test_pyrtlsdr_can_be_imported_over_a_library_without_the_forks_functions(emulator):
    rtlsdr = load_rtlsdr()
    assert rtlsdr.device_class.__module__ == "rtlsdr.rtlsdr"
    assert rtlsdr.lib.rtlsdr_set_dithering(None, 1) == 0
    assert rtlsdr.lib.rtlsdr_set_gpio_output(None, 1) < 0


def test_every_sample_of_a_running_dongle_arrives_once(emulator):
    emulator.describe("counter\n")
    with opened() as source:
        found = read_for(source, 3.0)
    joined = np.concatenate([counted(iq) for _, iq, _, _ in found])
    assert (np.diff(joined) % 65536 == 1).all()
    assert len(joined) == pytest.approx(3.0 * RATE, rel=0.1)
    assert all(n_dropped == 0 for _, _, n_dropped, _ in found)
    assert source.n_gaps == emulator.get("N_OVERRUN") == 0


def test_the_dongle_is_set_as_asked(emulator):
    with opened("rtl:0,bias=1,direct=q", rate_hz=1.6e6, gain_db=30.0, ppm=12) as source:
        source.read(1000)
        found = {
            name: emulator.get(name) for name in ("RATE", "CENTER", "GAIN_MODE", "GAIN", "PPM", "DIRECT")
        }
        assert emulator.get("BIAS_TEE") == 1
    assert found == {
        "RATE": 1_600_000,
        "CENTER": 434_000_000,
        "GAIN_MODE": 1,
        "GAIN": 297,
        "PPM": 12,
        "DIRECT": 2,
    }
    with opened() as source:
        assert source.read(1000).hop == Hop(434e6, 2.4e6)
        assert emulator.get("GAIN_MODE") == 0


@pytest.mark.parametrize("n_devices", [1, 8])
def test_a_dongle_buffers_a_second_but_all_together_stay_within_what_linux_gives_usb(emulator, n_devices):
    emulator.describe("", n_devices=n_devices)
    with opened() as source:
        source.read(1000)
        n_bytes = emulator.get("BUF_NUM") * emulator.get("BUF_LEN")
    assert n_bytes * n_devices < 15 << 20
    assert n_bytes / 2 / RATE > (0.95 if n_devices == 1 else 0.3)


def test_a_lost_transfer_is_counted_and_placed_to_the_sample(emulator):
    emulator.describe("counter\n")
    with opened() as source:
        found = read_for(source, 1.0)
        emulator.set("LOSE", 120_000)
        found += read_for(source, 1.5)
    (lost,) = [n_dropped for _, _, n_dropped, _ in found if n_dropped]
    assert lost == pytest.approx(120_000, abs=0.005 * RATE)
    for (_, before, _, _), (_, after, n_dropped, _) in pairwise(found):
        jump = (counted(after[:1])[0] - counted(before[-1:])[0] - 1) % 65536
        assert jump == (120_000 % 65536 if n_dropped else 0)
        assert (np.diff(counted(after)) % 65536 == 1).all()


@pytest.mark.parametrize("n_bytes", [1, 2, 511, 4095])
def test_a_short_read_never_shifts_i_against_q(emulator, n_bytes):
    emulator.describe("emitter 434100000 -10 carrier 0 0 0\n")
    with opened() as source:
        source.read(65536)
        emulator.set("SHORT", n_bytes)
        found = read_for(source, 0.4)
    for _, iq, _, _ in found[1:]:
        assert level_at(iq, 100e3) == pytest.approx(-10, abs=1.0)
        assert level_at(iq, -100e3) < -40


def test_no_sample_from_before_a_retune_is_delivered(emulator):
    emulator.describe("retune_ms 9\nsettle_ms 4\nnoise_dbfs -45\nemitter 434100000 -12 carrier 0 0 0\n")
    with opened() as source:
        for number in range(20):
            center = 434e6 if number % 2 else 434.3e6
            source.tune(Hop(center, RATE))
            block = source.read(16384)
            n_head = 2048
            assert block.hop.center_hz == center
            assert level_at(block.iq[:n_head], 434.1e6 - center) == pytest.approx(-12, abs=1.0)
            assert level_at(block.iq[:n_head], 434.1e6 - (868.3e6 - center)) < -35


def test_a_hop_takes_at_most_50_ms(emulator):
    with opened() as source:
        source.read(16384)
        began = time.monotonic()
        for number in range(20):
            source.tune(Hop((430 + number) * 1e6, RATE))
            source.read(2400)
        assert (time.monotonic() - began) / 20 < 0.050


def test_a_refused_frequency_says_so_and_the_stream_goes_on(emulator):
    with opened() as source:
        source.read(1000)
        with pytest.raises(SourceError, match="refused to set center freq 5000000"):
            source.tune(Hop(5e6, RATE))
        emulator.set("SET_ERROR", -9)
        with pytest.raises(SourceError, match="refused") as fault:
            source.tune(Hop(440e6, RATE))
        assert fault.value.retry
        emulator.set("SET_ERROR", 0)
        source.tune(Hop(440e6, RATE))
        assert source.read(1000).hop.center_hz == 440e6


def test_a_stall_shows_within_one_and_a_half_seconds(emulator):
    with opened() as source:
        source.read(1000)
        emulator.set("STALLED", 1)
        began = time.monotonic()
        with pytest.raises(SourceError, match="no samples for") as fault:
            read_for(source, 5.0)
        assert time.monotonic() - began < 1.5
        assert fault.value.retry
        emulator.set("STALLED", 0)


@pytest.mark.slow
def test_streaming_is_back_within_10_s_of_the_devices_return_at_the_same_setting(emulator):
    with opened(gain_db=20.7) as source:
        read_for(source, 0.5)
        source.tune(Hop(440e6, RATE, gain_db=20.7))
        source.read(1000)
        emulator.set("PLUGGED", 0)
        end = time.monotonic() + 3.0
        faults = []
        while time.monotonic() < end:
            try:
                source.read(65536)
            except SourceError as fault:
                faults.append(str(fault))
        assert any("unplugged" in fault for fault in faults)
        assert any("no RTL-SDR dongle" in fault for fault in faults)
        emulator.set("CENTER", 0)
        emulator.set("PLUGGED", 1)
        began = time.monotonic()
        block = None
        while block is None:
            assert time.monotonic() - began < 10
            try:
                block = source.read(65536)
            except SourceError as fault:
                faults.append(str(fault))
        assert block.n_dropped_before / RATE == pytest.approx(3.0 + time.monotonic() - began, abs=0.5)
        assert (emulator.get("CENTER"), emulator.get("GAIN")) == (440_000_000, 207)


def test_several_dongles_are_told_apart_by_serial_number_and_read_at_once(emulator):
    emulator.describe("counter\nserial 1 exam-roof\nserial 2 exam-gate\n", n_devices=3)
    assert [dongle.serial for dongle in list_dongles()] == ["00000001", "exam-roof", "exam-gate"]
    with opened("rtl:serial=exam-gate") as gate, opened("rtl:serial=exam-roof") as roof:
        for source in (gate, roof):
            assert len(source.read(20_000).iq) > 0
        assert [emulator.get("IS_STREAMING", number) for number in range(3)] == [0, 1, 1]
        states = [with_state(dongle).fault for dongle in list_dongles()]
    assert states[0] is None
    assert "in use by another program" in states[1]
    with pytest.raises(SourceError, match="there are 00000001, exam-roof, exam-gate"):
        open_source("rtl:serial=elsewhere")


@pytest.mark.parametrize(
    ("number", "said", "retry"),
    [(-3, "udev", False), (-6, "in use by another program", True), (-12, "cannot be opened", True)],
)
def test_a_dongle_that_cannot_be_opened_says_in_one_line_what_to_do(emulator, number, said, retry):
    emulator.set("OPEN_ERROR", number)
    with pytest.raises(SourceError, match=said) as fault:
        open_source("rtl:0")
    assert "\n" not in str(fault.value)
    assert fault.value.retry is retry


def test_no_dongle_and_a_wrong_number_say_so(emulator):
    with pytest.raises(SourceError, match="counted from 0"):
        open_source("rtl:1")
    emulator.set("PLUGGED", 0)
    with pytest.raises(SourceError, match="no RTL-SDR dongle is plugged in"):
        open_source("rtl:0")


@pytest.mark.parametrize("spec", ["rtl:", "rtl:x", "rtl:serial=", "rtl:0,bias=2", "rtl:0,gain=3", "rtl:-1"])
def test_a_dongle_is_not_named_so(spec):
    with pytest.raises(SourceError, match="is not understood"):
        parse_selection(spec)


def test_a_rate_that_no_dongle_has_is_refused_before_it_is_opened(emulator):
    with pytest.raises(SourceError, match="outside 225001-300000"):
        open_source("rtl:0", rate_hz=500e3)


def test_a_missing_librtlsdr_says_what_to_install(tmp_path):
    (tmp_path / "librtlsdr.so").write_text("no library")
    with pytest.raises(SourceError, match=r"librtlsdr is not installed: run  apt install librtlsdr0$"):
        load_library([str(tmp_path / "librtlsdr.so"), str(tmp_path / "librtlsdr.so.0")])


def test_devices_lists_what_is_plugged_in(emulator):
    emulator.describe("serial 1 roof\n", n_devices=2)
    emulator.set("OPEN_ERROR", -3, 1)
    program = "import typer\nfrom monitor.cli.devices import devices\ntyper.run(devices)"
    done = emulator.run(PYTHON, "-c", program, "--format", "jsonl", text=True)
    first, second = [json.loads(line) for line in done.stdout.splitlines()]
    assert (first["source"], first["usable"]) == ("rtl:serial=00000001", True)
    assert (second["serial"], second["usable"]) == ("roof", False)
    assert "udev" in second["fault"]
    emulator.describe("", n_devices=0)
    done = emulator.run(PYTHON, "-c", program, text=True)
    assert (done.stdout, done.returncode) == ("", 0)
    assert "no RTL-SDR dongle" in done.stderr
