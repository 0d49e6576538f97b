"""What decoders print becomes messages or counted rejections; nothing they do can hang or flood us."""

from __future__ import annotations

import shutil
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdr.decoders import decode, multimon, rtl_433
from sdr.decoders.program import MAX_OUTPUT_BYTES, Output, Rejection, run
from sdr.types import SampleFormat
from tests import signals

IQ = np.full((50_000, 2), 128, "u1")
LACROSSE = (
    '{"time" : "@0.268088s", "model" : "LaCrosse-TX", "id" : 48, "temperature_C" : 20.500, '
    '"mic" : "PARITY", "mod" : "ASK", "freq" : 434.009, "rssi" : -0.126, "snr" : 20.496, "noise" : -20.621}'
)
"""As Debian's rtl_433 22.11 prints it for a real sensor."""


def _decode(modulation, text="", rejection=None, which=lambda name: f"/usr/bin/{name}"):
    calls = []

    def runner(argv, given):
        calls.append((argv, len(given)))
        return Output(text, rejection)

    return decode(IQ, SampleFormat.CU8, 250e3, 0, modulation, runner=runner, which=which), calls


def test_a_weather_sensor_is_named_and_told_once():
    found, _ = _decode("ook", f"{LACROSSE}\n{LACROSSE}\n")
    assert found.messages == (
        {
            "by": "rtl_433",
            "text": "LaCrosse-TX id=48 temperature_C=20.5",
            "model": "LaCrosse-TX",
            "device": "weather sensor",
        },
    )
    assert found.known_device


@pytest.mark.parametrize(
    ("line", "device"),
    [
        ('{"model":"Toyota","type":"TPMS","id":"fb","pressure_PSI":33.0}', "tyre sensor"),
        ('{"model":"Waveman-Switch","id":"H","button":4,"state":"off"}', "remote"),
        ('{"model":"DSC-Security","id":2407880,"closed":1}', "known device"),
    ],
)
def test_the_kind_of_device_follows_from_its_fields(line, device):
    [message], refused = rtl_433.parse(line)
    assert message["device"] == device
    assert not refused


def test_a_pager_message_is_no_harmless_device():
    found, _ = _decode("fsk2", "POCSAG1200: Address:  273040  Function: 3  Alpha:   1A 2C 3B\x00\n")
    told = [message for message in found.messages if message["by"] == "multimon-ng"]
    assert told == [
        {
            "by": "multimon-ng",
            "text": "Address:  273040  Function: 3  Alpha:   1A 2C 3B",
            "protocol": "POCSAG1200",
        }
    ]
    assert not found.known_device


def test_dtmf_digits_make_one_call_and_a_lone_digit_is_speech():
    assert multimon.parse("DTMF: 1\nDTMF: 2\nDTMF: 3\n")[0] == [
        {"by": "multimon-ng", "text": "123", "protocol": "DTMF"}
    ]
    assert multimon.parse("DTMF: 7\n")[0] == []


def test_each_decoder_is_asked_only_about_what_it_can_hear():
    asked = {kind: [argv[0] for argv, _ in _decode(kind)[1]] for kind in ("ook", "fsk2", "nfm", "wideband")}
    assert asked == {
        "ook": ["/usr/bin/rtl_433"],
        "fsk2": ["/usr/bin/rtl_433", "/usr/bin/multimon-ng"],
        "nfm": ["/usr/bin/multimon-ng"],
        "wideband": [],
    }


def test_rejections_are_counted_by_program_and_reason():
    assert _decode("ook", which=lambda name: None)[0].rejections == {"rtl_433/missing": 1}
    assert _decode("ook")[0].rejections == {"rtl_433/empty": 1}
    assert _decode("ook", "not json\n[1]\n")[0].rejections == {"rtl_433/malformed": 2}
    found, _ = _decode("ook", LACROSSE, Rejection.TIMEOUT)
    assert len(found.messages) == 1
    assert found.rejections == {"rtl_433/timeout": 1}


@given(st.text())
def test_no_output_however_odd_breaks_the_parsers(text):
    for parse in (rtl_433.parse, multimon.parse):
        messages, _ = parse(text)
        assert all(isinstance(value, str) for message in messages for value in message.values())


@pytest.mark.parametrize("rate_hz", [48e3, 250e3, 1e6, 2.4e6])
def test_rtl_433_gets_unsigned_bytes_at_250_kilosamples(rate_hz):
    iq = np.full((int(rate_hz / 5), 2), 128, "u1")
    given_bytes = rtl_433.form(iq, SampleFormat.CU8, rate_hz, 0.1 * rate_hz)
    assert len(given_bytes) == pytest.approx(2 * 250_000 / 5, rel=0.01)


def test_a_program_that_hangs_is_ended_in_time():
    started = time.monotonic()
    output = run([sys.executable, "-c", "import time; time.sleep(60)"], b"", timeout_s=0.5)
    assert output.rejection is Rejection.TIMEOUT
    assert time.monotonic() - started < 10


def test_a_program_that_floods_is_cut_off():
    output = run([sys.executable, "-c", "while True: print('x' * 1000)"], b"")
    assert output.rejection is Rejection.OVERFLOW
    assert len(output.text) <= MAX_OUTPUT_BYTES


def test_a_program_that_fails_or_does_not_exist_is_a_rejection():
    assert run([sys.executable, "-c", "raise SystemExit(3)"], b"").rejection is Rejection.FAILED
    assert run(["/nonexistent/decoder"], b"").rejection is Rejection.FAILED


def test_a_program_reads_what_it_is_given():
    output = run([sys.executable, "-c", "import sys; print(len(sys.stdin.buffer.read()))"], b"x" * 200_000)
    assert (output.text.strip(), output.rejection) == ("200000", None)


DTMF_HZ = {"1": (697, 1209), "5": (770, 1336), "9": (852, 1477), "0": (941, 1336)}


@pytest.mark.tools
@pytest.mark.skipif(shutil.which("multimon-ng") is None, reason="Debian's multimon-ng is not installed")
def test_multimon_ng_reads_dtmf_out_of_a_radio_clip():
    rng = np.random.default_rng(1)
    parts = []
    for digit in "1590":
        parts += [signals.nfm_tone(rng, 240e3, 0.15, DTMF_HZ[digit], 2500), signals.carrier(rng, 240e3, 0.1)]
    got = signals.receive(
        np.concatenate(parts),
        rng,
        240e3,
        snr_db=25,
        bandwidth_hz=10e3,
        offset_hz=20e3,
        sample_format=SampleFormat.CU8,
    )
    found = decode(got.iq, got.format, 240e3, 20e3, "nfm")
    assert {"by": "multimon-ng", "text": "1590", "protocol": "DTMF"} in found.messages


@pytest.mark.tools
@pytest.mark.skipif(shutil.which("rtl_433") is None, reason="Debian's rtl_433 is not installed")
def test_rtl_433_reads_a_made_remote_out_of_a_radio_clip():
    # Nexus-TH: 36 bits, a pulse of 500 us, a gap of 1000 us for 0 and 2000 us for 1, 4000 us between frames
    identity, flags, temperature, humidity = 0x5A, 0b1000, 215, 45
    bits = f"{identity:08b}{flags:04b}{temperature:012b}1111{humidity:08b}"
    rate = 250e3
    pulse = np.ones(int(500e-6 * rate))
    frame = np.concatenate(
        [np.concatenate([pulse, np.zeros(int((2000e-6 if bit == "1" else 1000e-6) * rate))]) for bit in bits]
        + [pulse, np.zeros(int(4000e-6 * rate))]
    )
    rng = np.random.default_rng(2)
    z = np.tile(frame, 12).astype(np.complex64)
    got = signals.receive(
        z, rng, rate, snr_db=30, bandwidth_hz=10e3, offset_hz=-40e3, sample_format=SampleFormat.CU8
    )
    found = decode(got.iq, got.format, rate, -40e3, "ook")
    assert found.known_device
    assert "Nexus-TH" in {message["model"] for message in found.messages}
    assert any("temperature_C=21.5" in message["text"] for message in found.messages)
