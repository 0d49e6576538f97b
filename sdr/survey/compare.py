"""An emission held against the site's template: what about it is not as it was, and why one may say so.

A template is never changed here: what is heard during an exam is judged by it and not learned into it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10
from statistics import median
from typing import Literal

from sdr.survey.known import GHOST_FLAGS, is_same
from sdr.survey.levels import OCCUPIED_DB
from sdr.survey.template import Key, Known, Template
from sdr.types import Emission

Code = Literal[
    "new",
    "stronger",
    "wider",
    "unusual-hour",
    "unnamed",
    "not-surveyed",
    "ghost",
    "floor",
    "ppm",
    "setting",
    "hour",
]

STRONGER_DB = 6.0
"""Twice the power at twice the usual 3 dB of scatter: another place or another set. A judgement."""
WIDER = 1.5
WIDER_HZ = 3000.0
"""Bandwidths of one sender scatter with its speech; both limits must be passed."""
RARE = 3
"""Heard no more often than this and named by nobody: it may have been a test for the exam."""
RARE_SHARE = 0.1
"""Of the survey: what was on the air for longer is no test."""
FLOOR_SHIFT_DB = 3.0
"""A warm RTL-SDR holds its gain within 1 dB; 3 dB is half or double the noise."""
PPM_SHIFT = 3.0
"""An RTL-SDR's crystal drifts by some ppm while warming up and by less than one afterwards."""
STEADY_HZ = 30e3
"""Centres of wider emissions say little of the receiver's clock."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an emission stands out, or why a comparison is not to be trusted."""

    code: Code
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Comparison:
    new: bool | None
    """Absent from the template; None where the survey did not listen, and of the receiver's own ghosts."""
    reasons: tuple[Reason, ...] = ()
    known: Known | None = None
    """What it was taken for."""


def compare(emission: Emission, template: Template, *, levels_compare: bool = True) -> Comparison:
    """Hold `emission` against `template`.

    Parameters
    ----------
    levels_compare : bool
        False if gain or antenna are not those of the survey: then the SNR is compared instead of the level.
    """
    if ghosts := GHOST_FLAGS & set(emission.flags):
        names = ", ".join(sorted(ghosts))
        return Comparison(
            None, (Reason("ghost", f"the receiver's own doing ({names})", f"接收机自身产物（{names}）"),)
        )
    place = template.stretch_at(emission.center_hz)
    mhz = f"{emission.center_hz / 1e6:.4f} MHz"
    known = _known(emission, template)
    if known is not None and not known.known:
        return Comparison(
            True, (Reason("new", f"{mhz} is marked as not known", f"{mhz} 在模板中标为未知"),), known
        )
    if known is not None:
        return Comparison(False, tuple(_changes(emission, known, template, levels_compare)), known)
    if place is None:
        reason = Reason("not-surveyed", f"the survey did not listen at {mhz}", f"勘测未覆盖 {mhz}")
        return Comparison(None, (reason,))
    if levels_compare and _was_there(emission, template):
        return Comparison(False)
    return Comparison(
        True, (Reason("new", f"nothing was heard at {mhz} in the survey", f"勘测期间 {mhz} 处无信号"),)
    )


def _known(emission: Emission, template: Template) -> Known | None:
    same = (
        one
        for one in template.emissions
        if is_same(one.center_hz, one.bandwidth_hz, emission.center_hz, emission.bandwidth_hz)
    )
    return min(same, key=lambda one: abs(one.center_hz - emission.center_hz), default=None)


def _changes(emission: Emission, known: Known, template: Template, levels_compare: bool) -> list[Reason]:
    reasons: list[Reason] = []
    if levels_compare:
        now, then, unit = emission.peak_dbfs, known.peak_dbfs, "dBFS"
    else:
        now, then, unit = emission.snr_db, known.snr_db, "dB SNR"
    if now > then + STRONGER_DB:
        reasons.append(
            Reason(
                "stronger",
                f"{now - then:.0f} dB stronger than ever in the survey ({now:.1f} against {then:.1f} {unit})",
                f"比勘测期间最强时高 {now - then:.0f} dB（{now:.1f} 对 {then:.1f} {unit}）",
            )
        )
    wide, wide_then = emission.bandwidth_hz, known.bandwidth_hz
    if wide > max(WIDER * wide_then, wide_then + WIDER_HZ):
        reasons.append(
            Reason(
                "wider",
                f"{wide / 1e3:.1f} kHz wide, in the survey {wide_then / 1e3:.1f} kHz at most",
                f"带宽 {wide / 1e3:.1f} kHz，勘测期间最宽 {wide_then / 1e3:.1f} kHz",
            )
        )
    hour = emission.last_seen.hour
    if hour not in known.hours and _has_hour(template, emission.center_hz, hour):
        reasons.append(
            Reason(
                "unusual-hour",
                f"never heard between {hour:02d} and {(hour + 1) % 24:02d} h UTC in the survey",
                f"勘测期间 UTC {hour:02d} 时至 {(hour + 1) % 24:02d} 时从未出现",
            )
        )
    is_rare = known.n_heard <= RARE and known.on_time_s < RARE_SHARE * template.seconds
    if known.name is None and is_rare:
        reasons.append(
            Reason(
                "unnamed",
                f"rare in the survey (heard {known.n_heard} x), and nobody has named it",
                f"勘测期间仅出现 {known.n_heard} 次，且尚未确认来源",
            )
        )
    return reasons


def _has_hour(template: Template, frequency_hz: float, hour: int) -> bool:
    place = template.stretch_at(frequency_hz)
    return place is not None and place[0].hour(hour) is not None


def _was_there(emission: Emission, template: Template) -> bool:
    """Whether half of the survey already had this much power in every bin: a piece of a wide station."""
    half = max(0.0, emission.bandwidth_hz - template.bin_hz) / 2
    first = round((emission.center_hz - half) / template.bin_hz)
    last = round((emission.center_hz + half) / template.bin_hz)
    share = min(1.0, template.bin_hz / max(emission.bandwidth_hz, 1.0))
    for number in range(first, last + 1):
        place = template.stretch_at(number * template.bin_hz)
        if place is None:
            return False
        stretch, at = place
        usual = [hour.percentiles["p50"][at] for hour in stretch.hours]
        floor = [hour.floor_dbfs_hz for hour in stretch.hours]
        if not usual:
            return False
        level = max(usual)
        over_floor = level - 10 * log10(template.bin_hz) - median(floor)
        if over_floor < OCCUPIED_DB or emission.peak_dbfs + 10 * log10(share) > level + STRONGER_DB:
            return False
    return True


def setting_changes(survey: Key, now: Key) -> list[Reason]:
    """How the receiver is set up otherwise than at the survey; what a side does not say is not judged."""
    pairs = (
        ("site", "地点", survey.site, now.site),
        ("receiver", "接收机", survey.receiver, now.receiver),
        ("antenna", "天线", survey.antenna, now.antenna),
        ("gain_db", "增益", survey.gain_db, now.gain_db),
        ("ppm", "频偏校正", survey.ppm, now.ppm),
        ("bias_tee", "偏置供电", survey.bias_tee, now.bias_tee),
    )
    return [
        Reason(
            "setting",
            f"{name} is {now_is}, at the survey it was {was}",
            f"{zh}为 {now_is}，勘测时为 {was}",
        )
        for name, zh, was, now_is in pairs
        if was is not None and now_is is not None and was != now_is
    ]


def drift(emissions: Sequence[tuple[Emission, Comparison]], template: Template) -> list[Reason]:
    """What has changed in the receiver rather than on the air, from compared emissions of one scan.

    The floor that each was measured over (``extra["floor_dbfs_hz"]``) is held against the survey's at its
    frequency, and the centres of known narrow emissions against theirs.
    """
    reasons: list[Reason] = []
    shifts: list[float] = []
    ppm: list[float] = []
    unheard: set[int] = set()
    for emission, comparison in emissions:
        place = template.stretch_at(emission.center_hz)
        if place is None:
            continue
        same_hour = place[0].hour(emission.last_seen.hour)
        if same_hour is None:
            unheard.add(emission.last_seen.hour)
        floor = emission.extra.get("floor_dbfs_hz")
        hours = [same_hour] if same_hour else place[0].hours
        if isinstance(floor, int | float) and hours:
            shifts.append(float(floor) - median(hour.floor_dbfs_hz for hour in hours))
        known = comparison.known
        if known is not None and emission.bandwidth_hz <= STEADY_HZ:
            ppm.append((emission.center_hz - known.center_hz) / known.center_hz * 1e6)
    if shifts and abs(shift := median(shifts)) >= FLOOR_SHIFT_DB:
        higher, zh = ("higher", "高") if shift > 0 else ("lower", "低")
        reasons.append(
            Reason(
                "floor",
                f"the noise floor is {abs(shift):.1f} dB {higher} than at the survey: "
                "check gain, antenna and blockers before trusting 'stronger'",
                f"噪声底比勘测时{zh} {abs(shift):.1f} dB：先检查增益、天线和屏蔽器，再采信“变强”",
            )
        )
    if len(ppm) >= 3 and abs(moved := median(ppm)) >= PPM_SHIFT:
        reasons.append(
            Reason(
                "ppm",
                f"known stations appear {moved:+.1f} ppm from where the survey had them: calibrate --ppm",
                f"已知台站较勘测时偏移 {moved:+.1f} ppm：请重新校准 --ppm",
            )
        )
    if unheard:
        hours = ", ".join(f"{hour:02d}" for hour in sorted(unheard))
        reasons.append(
            Reason(
                "hour",
                f"the survey did not listen at this hour of the day ({hours} h UTC)",
                f"勘测未覆盖此时段（UTC {hours} 时）",
            )
        )
    return reasons
