"""A receiver looked at for some seconds: is it fit to listen tomorrow? Measured here, judged in `judge`.

blocks ──> gaps, rate against the clock, share at the converter's ends, level, floor ──> Findings ──> Verdicts
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sdr.calibrate import CalibrationError, Correction, from_carrier, from_fm_pilot, from_fm_station
from sdr.psd import PowerSpectrum, fft_length
from sdr.source.base import SampleSource
from sdr.survey.levels import quiet_floor
from sdr.types import SampleFormat

State = Literal["ok", "weak", "bad", "unknown"]

READ_S = 0.1
CALIBRATION_S = 4.0
MAX_KEPT_BYTES = 96 << 20
DEAD_STEPS = 0.55
"""A dead input still moves between the two middle steps, which is half a step of RMS."""
LOST_WEAK, LOST_BAD = 1e-5, 1e-3
"""Share of samples lost: a gap now and then, or bursts that are no longer whole."""
RATE_WEAK_PPM, RATE_BAD_PPM = 1500.0, 5000.0
"""Samples against the machine's clock over some seconds: reads come in lumps of 10 ms and more."""
CLIPPED_WEAK, CLIPPED_BAD = 1e-4, 1e-2
"""Share of samples at the converter's ends. Gaussian noise 9 dB under full scale has about 1 in 10^4."""
QUIET_STEPS = 0.7
"""RMS of noise in steps of the converter: under this, weak senders vanish between two steps."""
FLOOR_STEP_DB = 3.0
"""Half or double the noise from one second to another: no receiver does that by itself."""
PPM_WEAK, PPM_BAD = 3.0, 15.0
"""15 ppm at 446 MHz is half of a 12.5 kHz channel."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What the look has shown. None: not measured."""

    seconds: float
    rate_hz: float
    live: bool
    n_dropped: int
    n_samples: int
    n_gaps: int
    rate_error_ppm: float | None
    """Samples delivered against the monotonic clock; live receivers only."""
    clipped_share: float
    rms_dbfs: float
    rms_steps: float | None
    """RMS in steps of the converter."""
    floor_dbfs_hz: float
    floor_step_db: float
    """Between the quietest and the loudest second."""
    correction: Correction | None = None
    correction_fault: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line of the page: how it is, and what to do about it."""

    item: str
    state: State
    en: str
    zh: str
    do_en: str = ""
    do_zh: str = ""


def look(
    source: SampleSource,
    seconds: float,
    monotonic: Callable[[], float],
    *,
    carrier_hz: float | None = None,
    fm_hz: float | None = None,
) -> Findings:
    """Read `source` for `seconds` of samples and measure.

    Parameters
    ----------
    carrier_hz, fm_hz
        A carrier, or an FM broadcast station, inside the passband to calibrate on.

    Raises
    ------
    SourceError
    """
    info = source.info
    rate, format = info.rate_hz, info.format
    psd = PowerSpectrum(format, fft_length(rate))
    n_fft = psd.n_fft
    goal = round(seconds * rate)
    n, n_dropped, n_gaps, n_clipped, n_components, square = 0, 0, 0, 0, 0, 0.0
    spectra: list[NDArray[np.float32]] = []
    rows: list[int] = []
    kept: list[NDArray[Any]] = []
    wants_clip = carrier_hz is not None or fm_hz is not None
    n_keep = min(int(CALIBRATION_S * 2 * rate), MAX_KEPT_BYTES // (2 * format.dtype.itemsize))
    n_kept = 0
    center_hz = info.center_hz
    began: float | None = None
    elapsed, n_timed = 0.0, 0
    while n < goal:
        block = source.read(min(round(READ_S * rate), goal - n))
        if block is None:
            break
        now = monotonic()
        iq = block.iq
        center_hz = block.hop.center_hz
        # The first block may have waited in a buffer: time counts from its arrival, samples from its end.
        if began is None:
            began = now
        else:
            elapsed, n_timed = now - began, n_timed + iq.shape[0] + block.n_dropped_before
        n += iq.shape[0]
        if block.n_dropped_before:
            n_dropped += block.n_dropped_before
            n_gaps += 1
        n_clipped += _n_clipped(iq, format)
        n_components += iq.size
        square += _mean_square(iq, format) * iq.shape[0]
        if wants_clip and n_kept < n_keep:
            kept.append(np.array(iq))
            n_kept += iq.shape[0]
        psd.remove_dc(iq)
        for at in range(0, iq.shape[0], psd.samples_per_block):
            psd.transform(iq[at : at + psd.samples_per_block])
        if psd.n_rows * n_fft >= rate:
            mean, _, n_rows = psd.take_hold()
            spectra.append(mean)
            rows.append(n_rows)
    if psd.n_rows and not spectra:
        mean, _, n_rows = psd.take_hold()
        spectra.append(mean)
        rows.append(n_rows)
    inner = slice(round(0.1 * n_fft), round(0.9 * n_fft))
    floors = [
        10 * math.log10(max(quiet_floor(one[inner], k), 1e-20) / (rate / n_fft))
        for one, k in zip(spectra, rows, strict=True)
    ]
    correction, fault = None, None
    if wants_clip:
        correction, fault = _calibrate(kept, format, rate, center_hz, carrier_hz, fm_hz)
    rms = math.sqrt(square / max(n, 1))
    return Findings(
        seconds=n / rate,
        rate_hz=rate,
        live=info.live,
        n_dropped=n_dropped,
        n_samples=n,
        n_gaps=n_gaps,
        rate_error_ppm=(n_timed / rate / elapsed - 1) * 1e6 if info.live and elapsed > 1.0 else None,
        clipped_share=n_clipped / max(n_components, 1),
        rms_dbfs=20 * math.log10(max(rms, 1e-10)),
        rms_steps=None if format is SampleFormat.CF32 else rms * format.full_scale / math.sqrt(2),
        floor_dbfs_hz=float(np.median(floors)) if floors else -200.0,
        floor_step_db=float(np.ptp(floors)) if floors else 0.0,
        correction=correction,
        correction_fault=fault,
    )


def _n_clipped(iq: NDArray[Any], format: SampleFormat) -> int:
    if format is SampleFormat.CF32:
        return int(np.count_nonzero(np.abs(iq) >= 1.0))
    limits = np.iinfo(format.dtype)
    return int(np.count_nonzero((iq == limits.min) | (iq == limits.max)))


def _mean_square(iq: NDArray[Any], format: SampleFormat) -> float:
    """Mean of |x|² without the mean of x: DC is no signal."""
    if not iq.shape[0]:
        return 0.0
    values = iq.astype(np.float32)
    return float(values.var(axis=0).sum()) / format.full_scale**2


def _calibrate(
    kept: list[NDArray[Any]],
    format: SampleFormat,
    rate: float,
    center_hz: float,
    carrier_hz: float | None,
    fm_hz: float | None,
) -> tuple[Correction | None, str | None]:
    if not kept:
        return None, "no samples"
    iq = np.concatenate(kept)
    try:
        if carrier_hz is not None:
            return from_carrier(iq, format, rate, center_hz, carrier_hz), None
        station = fm_hz or center_hz
        try:
            return from_fm_pilot(iq, format, rate, center_hz, station), None
        except CalibrationError:
            return from_fm_station(iq, format, rate, center_hz, station), None
    except CalibrationError as error:
        return None, str(error)


def judge(found: Findings) -> list[Verdict]:
    """A verdict on each thing measured, the samples first."""
    verdicts = [_samples(found), _rate(found), _overload(found), _gain(found), _floor(found), _ppm(found)]
    return [one for one in verdicts if one is not None]


def _samples(found: Findings) -> Verdict:
    lost = found.n_dropped / max(found.n_dropped + found.n_samples, 1)
    en = f"{found.n_gaps} gaps in {found.seconds:.0f} s, {lost:.4%} of samples lost"
    zh = f"{found.seconds:.0f} 秒内丢样 {found.n_gaps} 次，占 {lost:.4%}"
    if found.n_samples == 0:
        return Verdict(
            "samples", "bad", "no sample came", "没有收到任何采样", "Plug it in again.", "重新插拔接收机。"
        )
    state: State = "bad" if lost > LOST_BAD else "weak" if lost > LOST_WEAK else "ok"
    return Verdict(
        "samples",
        state,
        en,
        zh,
        "" if state == "ok" else "Use another USB port or cable, lower --rate, end other programs.",
        "" if state == "ok" else "更换 USB 口或线缆，降低采样率，关闭其他程序。",
    )


def _rate(found: Findings) -> Verdict | None:
    if not found.live or found.rate_error_ppm is None:
        return None
    error = found.rate_error_ppm
    size = abs(error)
    state: State = "bad" if size > RATE_BAD_PPM else "weak" if size > RATE_WEAK_PPM else "ok"
    return Verdict(
        "usb",
        state,
        f"{found.rate_hz / 1e6:g} MS/s arrive {error / 1e4:+.2f} % from the clock",
        f"{found.rate_hz / 1e6:g} MS/s，与时钟相差 {error / 1e4:+.2f} %",
        "" if state == "ok" else "Samples are lost unseen: another USB port, no hub, a lower rate.",
        "" if state == "ok" else "存在未察觉的丢样：换 USB 口，不用集线器，降低采样率。",
    )


def _overload(found: Findings) -> Verdict:
    share = found.clipped_share
    state: State = "bad" if share > CLIPPED_BAD else "weak" if share > CLIPPED_WEAK else "ok"
    return Verdict(
        "overload",
        state,
        f"{share:.3%} of samples at the converter's ends, level {found.rms_dbfs:.1f} dBFS",
        f"{share:.3%} 的采样达到满刻度，电平 {found.rms_dbfs:.1f} dBFS",
        "" if state == "ok" else "Lower the gain by 6 dB and look again; else a filter, or another place.",
        "" if state == "ok" else "增益降低 6 dB 后再查；仍过载则加滤波器或换位置。",
    )


def _gain(found: Findings) -> Verdict:
    steps = found.rms_steps
    if steps is None:
        return Verdict("gain", "unknown", "floating-point samples: not to be told", "浮点采样，无法判断")
    state: State = "weak" if steps < QUIET_STEPS else "ok"
    if steps < DEAD_STEPS:
        state = "bad"
    return Verdict(
        "gain",
        state,
        f"all that is heard moves the converter by {steps:.1f} steps",
        f"输入信号幅度为 {steps:.1f} 个量化级",
        "" if state == "ok" else "Raise the gain until it is 1 step and more; is the antenna plugged in?",
        "" if state == "ok" else "提高增益至 1 个量化级以上；检查天线是否接好。",
    )


def _floor(found: Findings) -> Verdict:
    step = found.floor_step_db
    state: State = "weak" if step > FLOOR_STEP_DB else "ok"
    return Verdict(
        "floor",
        state,
        f"noise {found.floor_dbfs_hz:.1f} dBFS/Hz, moving by {step:.1f} dB",
        f"噪声底 {found.floor_dbfs_hz:.1f} dBFS/Hz，变化 {step:.1f} dB",
        "" if state == "ok" else "Something near switches on and off (a blocker, a power supply): move away.",
        "" if state == "ok" else "附近有设备开关（屏蔽器、电源）：请远离。",
    )


def _ppm(found: Findings) -> Verdict:
    got = found.correction
    if got is None:
        return Verdict(
            "ppm",
            "unknown",
            found.correction_fault or "no carrier named",
            "未能测得频偏" if found.correction_fault else "未指定参考载波",
            "Name a carrier (--carrier 433.92M) or a local FM station (--fm 98.1M) that is in the passband.",
            "用 --carrier 指定已知载波，或用 --fm 指定通带内的本地调频台。",
        )
    size = abs(got.ppm)
    state: State = "bad" if size > PPM_BAD else "weak" if size > PPM_WEAK else "ok"
    return Verdict(
        "ppm",
        state,
        f"{got.ppm:+.1f} ppm (+-{max(got.uncertainty_ppm, 0.1):.1f}, by {got.method})",
        f"频偏 {got.ppm:+.1f} ppm（±{max(got.uncertainty_ppm, 0.1):.1f}，{got.method}）",
        ""
        if state == "ok"
        else f"Let it warm up for 15 min, then start it with --ppm {round(got.ppm)} more.",
        "" if state == "ok" else f"预热 15 分钟后，将 --ppm 加上 {round(got.ppm)}。",
    )
