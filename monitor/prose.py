"""What an alert says to people, in both languages. Pure."""

from __future__ import annotations

from typing import Any

from rules.rule import Match

EXCERPT_CHARS = 140

_MODULATION_ZH = {
    "carrier": "载波",
    "am": "调幅",
    "nfm": "窄带调频",
    "wfm": "宽带调频",
    "ook": "通断键控",
    "fsk2": "二元频移键控",
    "fsk4": "四元频移键控",
    "wideband": "宽带",
    "unknown": "未识别",
}


def texts(match: Match) -> dict[str, str]:
    """What the rule says of every event: title and advice."""
    rule = match.rule
    return {
        "title_en": rule.title.en,
        "title_zh": rule.title.zh,
        "advice_en": rule.advice.en,
        "advice_zh": rule.advice.zh,
    }


def summary(event: dict[str, Any]) -> dict[str, str]:
    """What happened, whatever rule fired on it."""
    en, zh = _radio(event) if event["kind"] == "radio" else _web(event)
    return {"summary_en": en, "summary_zh": zh}


def _radio(event: dict[str, Any]) -> tuple[str, str]:
    megahertz = f"{event['center_hz'] / 1e6:.4f} MHz"
    width = f"{event['bandwidth_hz'] / 1e3:.1f} kHz"
    level = f"{event['snr_db']:.0f} dB"
    kind: str | None = event["modulation"]
    bursts = event["bursts"]
    en = [megahertz, f"{width} wide", f"{level} over noise"]
    zh = [megahertz, f"带宽 {width}", f"信噪比 {level}"]
    if kind:
        en.append(kind)
        zh.append(_MODULATION_ZH.get(kind, kind))
    if bursts > 1:
        en.append(f"{bursts} bursts")
        zh.append(f"{bursts} 次突发")
    if event["n_repeats"]:
        en.append(f"heard {event['n_repeats']} times before in this session")
        zh.append(f"本场次此前出现 {event['n_repeats']} 次")
    if event["n_sensors"] > 1:
        en.append(f"heard by {event['n_sensors']} sensors")
        zh.append(f"{event['n_sensors']} 个传感器同时收到")
    return f"{', '.join(en)}; sensor {event['sensor']}", f"{'，'.join(zh)}；传感器 {event['sensor']}"


def _web(event: dict[str, Any]) -> tuple[str, str]:
    words = " ".join(str(event["text"]).split())
    excerpt = words if len(words) <= EXCERPT_CHARS else words[: EXCERPT_CHARS - 1] + "…"
    edited_en, edited_zh = (", edited", "，已编辑") if event["edited"] else ("", "")
    return f"{event['source']}{edited_en}: {excerpt}", f"{event['source']}{edited_zh}：{excerpt}"
