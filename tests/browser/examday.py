"""A made-up exam day: alerts as the pipeline would raise them, for the browser tests and screenshots.

Times are relative to the instant it is made, so a session is always running. Places, people,
addresses and texts are invented.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from photographed import record

from crawlers.document import Attachment
from monitor.alert.alert import Alert, EvidenceRef, RuleHit
from monitor.clock import SystemClock
from monitor.server.services import EvidenceFile
from sdr.evidence import Mark, Receiver, write_evidence
from sdr.spectrogram import Spectrogram, render
from sdr.types import SampleFormat

RATE_HZ = 240_000.0
OFFSET_HZ = 20e3


def band(bursts: list[tuple[float, float, str]], seed: int) -> np.ndarray:
    """8 s of a band in cu8: noise, a weak neighbour, and `bursts` as (start, length, kind) at `OFFSET_HZ`."""
    rng = np.random.default_rng(seed)
    n = int(8 * RATE_HZ)
    t = np.arange(n) / RATE_HZ
    iq = (rng.normal(size=n) + 1j * rng.normal(size=n)) * 0.02
    iq += 0.004 * np.exp(2j * np.pi * -62e3 * t)
    for start_s, length_s, kind in bursts:
        a, b = int(start_s * RATE_HZ), int((start_s + length_s) * RATE_HZ)
        m = b - a
        if kind == "fsk2":
            symbols = np.repeat(rng.choice([-1.0, 1.0], size=m // 200 + 1), 200)[:m]
            deviation = 4500 * symbols
        else:
            smooth = np.convolve(rng.normal(size=m), np.hanning(240), "same")
            envelope = np.clip(np.sin(np.arange(m) / RATE_HZ * 2 * np.pi * 1.7) + 0.4, 0, 1)
            deviation = 2500 * envelope * smooth / np.abs(smooth).max() * 3
        phase = 2 * np.pi * np.cumsum(deviation + OFFSET_HZ) / RATE_HZ
        iq[a:b] += 0.11 * np.exp(1j * phase)
    pairs = np.stack([iq.real, iq.imag], axis=1)
    return np.clip(np.round(pairs * 127.5 + 127.5), 0, 255).astype(np.uint8)


def reason(
    field: str,
    modifier: str,
    expected: object,
    actual: object,
    text: str,
    text_zh: str,
    spans: tuple[tuple[int, int], ...] = (),
) -> dict[str, Any]:
    return {
        "selection": "emission",
        "field": field,
        "modifier": modifier,
        "expected": expected,
        "actual": actual,
        "spans": [list(span) for span in spans],
        "text": text,
        "text_zh": text_zh,
    }


def spans_of(text: str, *parts: str) -> tuple[tuple[int, int], ...]:
    """Where `parts` stand in `text`, in code points, as Python counts."""
    return tuple((text.index(part), text.index(part) + len(part)) for part in parts)


def fired(rule: str, level: str, title: tuple[str, str], at: datetime, event_id: str) -> RuleHit:
    texts = {"title_en": title[0], "title_zh": title[1]}
    return RuleHit(rule, level, "signal", False, texts, at, event_id)  # type: ignore[arg-type]


class ExamDay:
    """The morning: what has been raised, and how more is raised."""

    def __init__(self, folder: Path, now: datetime | None = None) -> None:
        self.folder = folder
        self.now = now or datetime.now(UTC)
        self.clock = SystemClock()
        self.files: dict[str, EvidenceFile] = {}
        self.pictures: dict[str, tuple[EvidenceRef, Spectrogram]] = {}
        self.sensor_state = "ok"
        self.n_raised = 0

    def ago(self, minutes: float) -> datetime:
        return self.now - timedelta(minutes=minutes)

    def keep(self, data: bytes, media_type: str, role: str, at: datetime) -> EvidenceRef:
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        path = self.folder / digest.removeprefix("sha256:")
        path.write_bytes(data)
        self.files[digest] = EvidenceFile(path, media_type, role)
        return EvidenceRef(digest, media_type, role, path.name, len(data), at)

    def picture(self, center_hz: float, kind: str) -> tuple[EvidenceRef, dict[str, Any]]:
        """The spectrogram of an emission at `center_hz`, and what it shows.

        Drawn once a kind: a picture has no axes, so the same one serves at every frequency.
        """
        burst = (2.6, 3.5, kind) if kind == "fsk2" else (1.2, 5.9, kind)
        if kind not in self.pictures:
            seen = render(band([burst], 7), SampleFormat.CU8, RATE_HZ, 0.0)
            self.pictures[kind] = (self.keep(seen.png, "image/png", "spectrogram", self.now), seen)
        ref, seen = self.pictures[kind]
        tuned_hz = center_hz - OFFSET_HZ
        view = {
            "digest": ref.digest,
            "at": self.now.isoformat(timespec="microseconds"),
            "t0_s": seen.t0_s,
            "t1_s": seen.t1_s,
            "low_hz": tuned_hz + seen.low_hz,
            "high_hz": tuned_hz + seen.high_hz,
            "box": {
                "t0_s": burst[0],
                "t1_s": burst[0] + burst[1],
                "low_hz": center_hz - 6.3e3,
                "high_hz": center_hz + 6.3e3,
            },
        }
        return ref, view

    def kept_post(
        self, text: str, at: datetime, photos: tuple[tuple[Attachment, bytes | None], ...], version: int
    ) -> list[EvidenceRef]:
        if not photos:
            return [self.keep(text.encode(), "text/html", "document", at)]
        made = record(text, at, *(part for part, _ in photos), version=version)
        refs = [self.keep(made, "application/json", "document", at)]
        return refs + [self.keep(data, "image/jpeg", "photo", at) for _, data in photos if data is not None]

    def recording(self, center_hz: float, kind: str, at: datetime) -> EvidenceRef:
        """The samples that `picture` was drawn from, with their description beside them."""
        _, view = self.picture(center_hz, kind)
        box, tuned_hz = view["box"], center_hz - OFFSET_HZ
        iq = band([(box["t0_s"], box["t1_s"] - box["t0_s"], kind)], 7)
        set_ = write_evidence(
            self.folder / "samples",
            iq,
            SampleFormat.CU8,
            RATE_HZ,
            tuned_hz,
            at,
            marks=[Mark(box["t0_s"], box["t1_s"], box["low_hz"], box["high_hz"], kind)],
            receiver=Receiver("楼顶-1"),
        )
        kept = next(item for item in set_.items if item.role == "samples")
        self.files[kept.digest] = EvidenceFile(kept.path, kept.media_type, "samples")
        return EvidenceRef(kept.digest, kept.media_type, "samples", kept.path.name, iq.nbytes, at)

    def radio(
        self,
        level: str,
        center_hz: float,
        at: datetime,
        title: tuple[str, str],
        *,
        kind: str = "fsk2",
        snr_db: float = 18.2,
        venue: str = "实验中学",
        n_repeats: int = 0,
        ended: bool = True,
        recorded: bool = False,
        **more: Any,
    ) -> Alert:
        ref, view = self.picture(center_hz, kind)
        samples = (
            self.recording(center_hz, kind, at)
            if recorded
            else self.keep(b"\x7f" * 64, "application/octet-stream", "samples", at)
        )
        view |= {"samples": samples.digest, "at": at.isoformat(timespec="microseconds")}
        voice = kind == "nfm"
        length_s = 5.9 if voice else 3.5
        event = {
            "kind": "radio",
            "at": at.isoformat(),
            "phase": "in",
            "exam": "2026 高考",
            "session": "数学",
            "venue": venue,
            "sensor": "楼顶-1",
            "channel": f"{center_hz / 1e6:.4f} MHz",
            "minutes_from_start": round(47 - (self.now - at).total_seconds() / 60, 1),
            "center_hz": center_hz,
            "bandwidth_hz": 12_600.0,
            "snr_db": snr_db,
            "peak_dbfs": -32.1,
            "duration_s": length_s,
            "on_time_s": length_s,
            "duty_cycle": 0.01,
            "bursts": 1,
            "burst_period_s": 361.0 if n_repeats else None,
            "n_repeats": n_repeats,
            "modulation": kind,
            "confidence": 0.93,
            "symbol_rate": None if voice else 1200.0,
            "content": "voice" if voice else "data",
            "flags": [],
            "new": True,
            "baseline": [
                {
                    "code": "new",
                    "en": f"nothing was heard at {center_hz / 1e6:.4f} MHz in the survey",
                    "zh": f"勘测期间 {center_hz / 1e6:.4f} MHz 处无信号",
                }
            ],
            "service": "广播" if center_hz > 167e6 else "业余",
            "band_weight": 1.0,
            "n_sensors": 1,
            "spectrogram": view,
        }
        event |= more.pop("event", {})
        mhz = f"{center_hz / 1e6:.4f}"
        why = [
            reason("phase", "equals", "in", "in", "the session is running", "考试正在进行"),
            reason(
                "new", "equals", True, True, "it is absent from the site's survey", "勘测模板中没有该信号"
            ),
            reason(
                "bandwidth_hz",
                "lte",
                25000,
                12600,
                "bandwidth 12.6 kHz is at most 25 kHz",
                "占用带宽 12.6 kHz，不超过 25 kHz",
            ),
            reason(
                "band_weight",
                "gte",
                0.5,
                1.0,
                "band weight 1.0 is at least 0.5 (broadcasting)",
                "频段可疑权重 1.0，不低于 0.5（广播频段）",
            ),
        ]
        if n_repeats:
            why.append(
                reason(
                    "n_repeats",
                    "gte",
                    2,
                    n_repeats,
                    f"heard {n_repeats} times before in this session, at least 2",
                    f"本场次同频道此前已出现 {n_repeats} 次，不少于 2 次",
                )
            )
        self.n_raised += 1
        words = ("FM voice", "调频话音") if voice else ("2-FSK data, 1200 Bd", "2FSK 数据，1200 Bd")
        return replace(
            Alert(
                id=f"radio-{self.n_raised}",
                cause=f"radio-{self.n_raised}",
                kind="radio",
                level=level,  # type: ignore[arg-type]
                labels={"venue": venue, "channel": f"{mhz} MHz"},
                rules=[fired("narrowband-in-session", level, title, at, f"radio-{self.n_raised}")],
                annotations={
                    "title_en": title[0],
                    "title_zh": title[1],
                    "summary_en": f"{mhz} MHz, {words[0]}, {length_s} s, SNR {snr_db} dB",
                    "summary_zh": f"{mhz} MHz，{words[1]}，{length_s} 秒，信噪比 {snr_db} dB",
                    "advice_en": "Listen to the recording: voice reading answers, or a pager's tones?\n"
                    "Ask the site whether its own staff sets use this channel.\n"
                    "Look at the other sensors: the strongest shows the side.\n"
                    "Stay silent on the air until the sender is found.",
                    "advice_zh": "先听录音：是念答案的话音，还是寻呼数据音？\n"
                    "向考点确认工作对讲机是否使用该频道。\n"
                    "对照其他传感器：信号最强的一侧即来向。\n"
                    "找到发射点之前保持无线电静默。",
                },
                starts_at=at,
                updated_at=at + timedelta(seconds=length_s),
                ends_at=at + timedelta(seconds=length_s + 60) if ended else None,
                why=[{**one, "rule": "narrowband-in-session"} for one in why],
                event=event,
                evidence=[samples, ref],
                venue=venue,
            ),
            **more,
        )

    def web(
        self,
        level: str,
        at: datetime,
        title: tuple[str, str],
        text: str,
        marked: list[tuple[tuple[str, str], tuple[str, ...]]],
        *,
        source: str = "城市论坛·考试版",
        author: str | None = "晨光888",
        rule: str = "sale-of-answers",
        number: int | None = None,
        version: int = 1,
        claimed_earlier_min: float | None = 3.0,
        photos: tuple[tuple[Attachment, bytes | None], ...] = (),
        **more: Any,
    ) -> Alert:
        """`photos` hang on the post, each with its file where that is kept; their lines end `text`."""
        self.n_raised += 1
        number = number or 40_000 + self.n_raised
        url = f"https://forum.example/thread-{number}-1-1.html"
        event = {
            "kind": "web",
            "at": at.isoformat(),
            "phase": "in",
            "exam": "2026 高考",
            "session": "数学",
            "minutes_from_start": round(47 - (self.now - at).total_seconds() / 60, 1),
            "source": source,
            "url": url,
            "author": author,
            "title": text.splitlines()[0],
            "text": text,
            "version": version,
            "edited": version > 1,
            "has_image": False,
            "has_qr": False,
            "n_reposts": 0,
            "published_at": None
            if claimed_earlier_min is None
            else (at - timedelta(minutes=claimed_earlier_min)).isoformat(),
            "first_seen_at": at.isoformat(),
            "fetched_at": (at + timedelta(seconds=2)).isoformat(),
        }
        event |= more.pop("event", {})
        why = [
            reason("text", "contains", list(parts), list(parts), texts[0], texts[1], spans_of(text, *parts))
            for texts, parts in marked
        ]
        why.append(reason("phase", "equals", "in", "in", "the session is running", "考试正在进行"))
        first = " ".join(text.split())  # what the pipeline too takes as a summary
        return replace(
            Alert(
                id=f"web-{number}-{version}",
                cause=f"web-{number}-{version}",
                kind="web",
                level=level,  # type: ignore[arg-type]
                labels={"document": str(number)},
                rules=[fired(rule, level, title, at, f"web-{number}-{version}")],
                annotations={
                    "title_en": title[0],
                    "title_zh": title[1],
                    "summary_en": first[:90],
                    "summary_zh": first[:90],
                    "advice_en": "Is it an offer or only talk about one? Read the whole thread.\n"
                    "Search the contact: the same account often posts in other places.\n"
                    "Keep the page before telling the site: it may be deleted.",
                    "advice_zh": "是真在出售，还是在议论？先读完整个帖子。\n"
                    "检索联系方式：同一账号往往多处发帖。\n"
                    "通知网站之前先固定网页证据，以防删帖。",
                },
                starts_at=at,
                updated_at=at,
                ends_at=None,
                why=[{**one, "rule": rule} for one in why],
                event=event,
                evidence=self.kept_post(text, at, photos, version),
                venue=None,
            ),
            **more,
        )
