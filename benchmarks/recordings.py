"""The labelled recordings: what each is said to be, and how to read it.

The folder is given by the user (``--recordings``): most of them have no licence that would let
them into the project. Audio files hold what an FM receiver put out: they are modulated onto a
carrier again, with noise, and marked so.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy import signal

from sdr.clip import to_complex
from sdr.types import SampleFormat

F = SampleFormat


@dataclass(frozen=True)
class Recording:
    name: str
    said: str
    truth: str
    iq: NDArray[Any]
    sample_format: SampleFormat
    rate_hz: float
    remodulated: bool = False


_URH = {
    "ask.complex": ("OOK remote, real", "ook"),
    "ask50.complex": ("ASK, generated", "ook"),
    "cc1101.complex": ("2-FSK CC1101 packets", "fsk2"),
    "enocean.complex": ("EnOcean ASK, real", "ook"),
    "fsk.complex": ("FSK, real", "fsk2"),
    "noised_homematic.complex": ("Homematic FSK with noise", "fsk2"),
    "unaveraged.coco": ("OOK", "ook"),
    "psk_gen_noisy.complex": ("PSK, generated with noise", "unknown"),
    "FSK10.complex": ("FSK, generated", "fsk2"),
    "elektromaten.complex16s": ("OOK socket remote, real", "ook"),
    "homematic.complex32s": ("Homematic FSK, real", "fsk2"),
    "fsk_live.coco": ("FSK, live capture", "fsk2"),
}
_PLAIN = (
    ("dsd-neo/dmr_voice.cu8", F.CU8, 48e3, "DMR voice, 4FSK", "fsk4"),
    ("dsd-neo/nxdn48.cu8", F.CU8, 48e3, "NXDN 4800, 4FSK", "fsk4"),
    ("dsd-neo/nxdn96.cu8", F.CU8, 48e3, "NXDN 9600, 4FSK", "fsk4"),
    ("dsd-neo/ysf.cu8", F.CU8, 48e3, "YSF C4FM, 4FSK", "fsk4"),
    ("dsd-neo/edacs.cu8", F.CU8, 48e3, "EDACS 9600 GFSK", "fsk2"),
    ("dsd-neo/p25p1_c4fm_cc.cu8", F.CU8, 48e3, "P25 C4FM control channel", "fsk4"),
    ("dsd-neo/p25p1_c4fm_vc.cu8", F.CU8, 48e3, "P25 C4FM voice channel", "fsk4"),
    ("adsb/modes1.cu8", F.CU8, 2e6, "ADS-B, pulse position", "ook"),
    ("rtl-wmbus/rtlsdr_868.950M_1M6_samples2.cu8", F.CU8, 1.6e6, "Wireless M-Bus 2-FSK", "fsk2"),
    ("lte/signal.1.92M.amar.dat", F.CF32, 1.92e6, "LTE 1.4 MHz", "wideband"),
    ("lte/signal_nbiot_amari_nid0_sfn514_sib2.bin", F.CF32, 1.92e6, "NB-IoT downlink", "wideband"),
    ("portapack/Aurora_Q1.C16", F.CS16, 500e3, "OOK LED remote", "ook"),
    ("portapack/Aurora_Q2.C16", F.CS16, 500e3, "OOK LED remote", "ook"),
    ("portapack/Aurora_Q5.C16", F.CS16, 500e3, "OOK LED remote", "ook"),
    ("portapack/CVS_Aisle_Four_ENGLISH.C16", F.CS16, 500e3, "call-button bursts, clipped", "ook"),
    ("sat/lucky7.cf32", F.CF32, 48e3, "GMSK/FSK cubesat", "fsk2"),
    ("horus/horusb_iq_s16.raw", F.CS16, 48e3, "Horus 4FSK", "fsk4"),
)
_WAV_IQ = (
    ("gophertrunk/NXDN48_IQ.wav", "NXDN 4800, 4FSK", "fsk4"),
    ("gophertrunk/NXDN96_IQ.wav", "NXDN 9600, 4FSK", "fsk4"),
    ("radiosonde/dfmIQ.wav", "DFM radiosonde FSK", "fsk2"),
)
_AUDIO = (
    ("gophertrunk/MPT1327_423.6_1.mp3", "MPT1327 FFSK in FM", "nfm", 2500.0),
    ("gophertrunk/MPT1327_423.6_2.mp3", "MPT1327 FFSK in FM", "nfm", 2500.0),
    ("multimon/POCSAG_512.flac", "POCSAG 512 FSK", "fsk2", 4500.0),
    ("multimon/POCSAG_1200.flac", "POCSAG 1200 FSK", "fsk2", 4500.0),
    ("radiosonde/rs41pre_20150802.wav", "RS41 GFSK 4800", "fsk2", 2400.0),
    ("sat/ca03_9k6.wav", "cubesat 9600 FSK", "fsk2", 3000.0),
    ("voice/8k1_voice.wav", "speech in FM", "nfm", 2500.0),
    ("voice/hts1a.raw", "speech in FM", "nfm", 2500.0),
    ("voice/ve9qrp.raw", "speech in FM", "nfm", 2500.0),
)


def _pairs(path: Path, sample_format: SampleFormat) -> NDArray[Any]:
    raw = np.fromfile(path, sample_format.dtype)
    return raw[: len(raw) // 2 * 2].reshape(-1, 2)


def _remodulated(path: Path, said: str, truth: str, deviation_hz: float) -> Recording:
    if path.suffix == ".raw":
        audio, rate = np.fromfile(path, "<i2").astype(np.float64) / 32768, 8000
    else:
        audio, rate = soundfile.read(path)
    audio = np.atleast_2d(audio.T)[0][: 12 * rate]
    audio = signal.resample_poly(audio, 96_000 // np.gcd(96_000, rate), rate // np.gcd(96_000, rate))
    audio = np.clip(audio / np.percentile(np.abs(audio), 99.5), -1.1, 1.1)
    rng = np.random.default_rng(1)
    z = 0.2 * np.exp(2j * np.pi * np.cumsum(deviation_hz * audio) / 96e3)
    # a real receiver has silence before and after, and noise: 20 dB in 12.5 kHz
    z = np.concatenate([np.zeros(19_200), z, np.zeros(19_200)])
    sigma = 0.2 * np.sqrt(10**-2.0 / 12.5e3 * 96e3 / 2)
    z = z + sigma * (rng.standard_normal(len(z)) + 1j * rng.standard_normal(len(z)))
    iq = np.stack([z.real, z.imag], axis=1).astype("<f4")
    return Recording(f"{path.parent.name}/{path.name}", said, truth, iq, F.CF32, 96e3, remodulated=True)


def load(folder: Path) -> Iterator[Recording]:
    """Every labelled recording of `folder`, one after the other."""
    decoded = json.loads((folder / "rtl_433_tests" / "truth_rtl_433.json").read_text())
    with (folder / "manifest.csv").open() as file:
        for row in csv.DictReader(file):
            if not row["file"].endswith(".cu8") or not row["file"].startswith("rtl_433"):
                continue
            if "unlabelled" in row["content"]:
                continue
            said = "FSK" if ": FSK" in row["content"] else "OOK"
            told = {entry.get("mod") for entry in decoded.get(row["file"], {}).get("decoded", [])}
            if told == {"FSK"}:
                said = "FSK (as rtl_433 decodes it)"
            truth = "fsk2" if said.startswith("FSK") else "ook"
            name = f"{said}, {row['content'].split(':')[0]}"
            yield Recording(row["file"], name, truth, _pairs(folder / row["file"], F.CU8), F.CU8, 250e3)
    for name, (said, truth) in _URH.items():
        kinds = {".complex": F.CF32, ".coco": F.CF32, ".complex16s": F.CS8, ".complex32s": F.CS16}
        if name.endswith(".coco"):
            continue
        path = folder / "urh" / name
        kind = kinds[path.suffix]
        yield Recording(f"urh/{name}", said, truth, _pairs(path, kind), kind, 1e6)
    for name, kind, rate_hz, said, truth in _PLAIN:
        yield Recording(name, said, truth, _pairs(folder / name, kind), kind, rate_hz)
    for name, said, truth in _WAV_IQ:
        samples, rate = soundfile.read(folder / name, dtype="float32")
        yield Recording(name, said, truth, np.ascontiguousarray(samples[: 15 * rate]), F.CF32, float(rate))
    for name, said, truth, deviation_hz in _AUDIO:
        yield _remodulated(folder / name, said, truth, deviation_hz)


def strongest(recording: Recording) -> tuple[float, float, float]:
    """Offset, bandwidth and rough SNR of the strongest emission: what a detector would hand over."""
    iq, rate = recording.iq, recording.rate_hz
    size = 512
    n = min(len(iq) // size, 4000)
    starts = np.linspace(0, len(iq) - size, n).astype(int)
    window = np.hanning(size)
    z = to_complex(iq, recording.sample_format)
    rows = np.stack([np.abs(np.fft.fftshift(np.fft.fft(z[s : s + size] * window))) ** 2 for s in starts])
    floor = np.percentile(np.median(rows, axis=0), 30)
    # a receiver's own line at 0 Hz is not an emission
    held = np.percentile(rows, 99, axis=0)
    steady = (
        np.median(rows[:, size // 2 - 2 : size // 2 + 3], axis=0) > 0.25 * held[size // 2 - 2 : size // 2 + 3]
    )
    held[size // 2 - 2 : size // 2 + 3] = np.where(steady, floor, held[size // 2 - 2 : size // 2 + 3])
    smooth = np.convolve(held, np.ones(3) / 3, mode="same")
    peak = int(smooth.argmax())
    limit = max(5 * floor, smooth[peak] * 10**-2.0)
    low = high = peak
    gap = 6
    while low > 0 and smooth[max(0, low - gap) : low].max(initial=0) > limit:
        low -= 1
    while high < size - 1 and smooth[high + 1 : high + 1 + gap].max(initial=0) > limit:
        high += 1
    offset = ((low + high) / 2 - size // 2) * rate / size
    bandwidth = (high - low + 1) * rate / size
    snr = 10 * np.log10(smooth[low : high + 1].mean() / floor)
    return float(offset), float(bandwidth), float(snr)
