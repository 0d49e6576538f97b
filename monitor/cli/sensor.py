"""``examwatch sensor check``: is this receiver fit for tomorrow, and if not, what to do about it.
Which machines belong to a hub: `enrolment`.

One page, both languages. Exit code 0 if nothing is bad, 1 if something is.
"""

from __future__ import annotations

import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from monitor import machine
from monitor.cli import enrolment
from monitor.cli.receiver import open_receiver, parsed
from monitor.faults import Fault, InputError, WorldError

if TYPE_CHECKING:
    from sdr.checkup import Verdict

EVIDENCE_BYTES_A_DAY = 2 << 30
"""About 40 emissions of 10 s at 2.4 MS/s."""

app = typer.Typer(add_completion=False, help="Sensors. 传感器。")


class PageFormat(StrEnum):
    page = "page"
    jsonl = "jsonl"


@app.callback()
def sensor() -> None:
    """Look after the sensors. 传感器维护。"""


app.command("invite")(enrolment.invite)
app.command("enrol")(enrolment.enrol)
app.command("revoke")(enrolment.revoke)
app.command("list")(enrolment.list_)
app.command("nats-config")(enrolment.nats_config)


@app.command("check")
def check_command(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", help="rtl:0, rtl:serial=…, tcp://host:port, a recording or a world."
        ),
    ],
    seconds: Annotated[float, typer.Option("--seconds", min=1.0, help="How long to look.")] = 20.0,
    carrier: Annotated[
        str | None, typer.Option("--carrier", help="A carrier whose frequency is known, such as 433.92M.")
    ] = None,
    fm: Annotated[str | None, typer.Option("--fm", help="A local FM station, such as 98.1M.")] = None,
    rate: Annotated[str | None, typer.Option("--rate", help="Samples a second, such as 2.4M.")] = None,
    freq: Annotated[str | None, typer.Option("--freq", help="Centre, such as 433.92M.")] = None,
    gain: Annotated[float | None, typer.Option("--gain", help="dB, as it will be used.")] = None,
    ppm: Annotated[int | None, typer.Option("--ppm", help="The correction in use.")] = None,
    evidence: Annotated[Path, typer.Option("--evidence", help="Where evidence will be kept.")] = Path("var"),
    hub: Annotated[str | None, typer.Option("--hub", help="HOST:PORT that must be reachable.")] = None,
    format: Annotated[
        PageFormat, typer.Option("--format", help="page for people, jsonl for programs.")
    ] = PageFormat.page,
) -> None:
    """Is this sensor fit for tomorrow? One page, each fault with its cure. 传感器站点自检。

    Example: examwatch sensor check rtl:0 --fm 98.1M --gain 30
    """
    from sdr.checkup import judge, look
    from sdr.source import SourceError

    carrier_hz = parsed("--carrier", carrier) if carrier else None
    fm_hz = parsed("--fm", fm) if fm else None
    address = _address(hub) if hub else None
    near = carrier_hz or fm_hz
    if near and not freq and source.startswith(("rtl:", "tcp:")):
        # A little beside it, so that the receiver's own DC does not sit on the carrier.
        freq = f"{near - 200e3:.0f}"
    opened = open_receiver(source, rate=rate, freq=freq, gain_db=gain, ppm=ppm)
    try:
        found = look(opened.source, seconds, time.monotonic, carrier_hz=carrier_hz, fm_hz=fm_hz)
    except SourceError as error:
        raise WorldError(str(error)) from None
    finally:
        opened.close()
    verdicts = [*judge(found), _clock(machine.clock_synchronised()), _disk(machine.free_bytes(evidence))]
    if address:
        verdicts.append(_uplink(hub or "", machine.uplink_fault(*address)))
    if format is PageFormat.jsonl:
        sys.stdout.writelines(
            msgspec.json.encode({"type": "check", **msgspec.to_builtins(one)}).decode() + "\n"
            for one in verdicts
        )
    else:
        sys.stdout.write(page(source, verdicts))
    if any(one.state == "bad" for one in verdicts):
        raise typer.Exit(1)


_STATES = {"ok": "ok / 正常", "weak": "weak / 欠佳", "bad": "BAD / 不合格", "unknown": "? / 未知"}
_ITEMS = {
    "samples": "samples / 采样",
    "usb": "USB and rate / 接口速率",
    "overload": "overload / 过载",
    "gain": "gain, antenna / 增益天线",
    "floor": "noise floor / 噪声底",
    "ppm": "frequency / 频偏",
    "clock": "clock / 时钟",
    "disk": "disk / 磁盘",
    "uplink": "uplink / 上行链路",
}


def page(source: str, verdicts: list[Verdict]) -> str:
    """What a person reads who has just put the sensor up."""
    lines = [f"{source}\n"]
    for one in verdicts:
        lines.append(f"{_STATES[one.state]:14} {_ITEMS[one.item]}\n    {one.en}\n    {one.zh}\n")
        if one.do_en:
            lines.append(f"    -> {one.do_en}\n    -> {one.do_zh}\n")
    n_bad = sum(one.state == "bad" for one in verdicts)
    n_weak = sum(one.state == "weak" for one in verdicts)
    if n_bad:
        last = f"NOT fit: {n_bad} bad, {n_weak} weak / 不合格：{n_bad} 项不合格，{n_weak} 项欠佳"
    elif n_weak:
        last = f"usable: {n_weak} weak / 可用：{n_weak} 项欠佳"
    else:
        last = "fit / 合格"
    return "".join(lines) + last + "\n"


def _clock(synchronised: bool | None) -> Verdict:
    from sdr.checkup import Verdict

    if synchronised is None:
        return Verdict("clock", "unknown", "the system does not say", "系统未提供时钟状态")
    if synchronised:
        return Verdict("clock", "ok", "kept by NTP, PTP or GPS", "时钟已同步")
    return Verdict(
        "clock",
        "weak",
        "not synchronised: sensors will not agree on when",
        "时钟未同步：多站时间将不一致",
        "Start systemd-timesyncd or chrony.",
        "启动 systemd-timesyncd 或 chrony。",
    )


def _disk(free: int | None) -> Verdict:
    from sdr.checkup import Verdict

    if free is None:
        return Verdict("disk", "unknown", "cannot be told", "无法读取磁盘空间")
    days = free / EVIDENCE_BYTES_A_DAY
    en, zh = f"{free / 1e9:.1f} GB free, about {days:.0f} days", f"剩余 {free / 1e9:.1f} GB，约 {days:.0f} 天"
    if days >= 3:
        return Verdict("disk", "ok", en, zh)
    return Verdict(
        "disk",
        "weak" if days >= 1 else "bad",
        en,
        zh,
        "Make room, or lower the bound of the evidence store.",
        "清理磁盘，或调低证据库容量上限。",
    )


def _uplink(hub: str, fault: str | None) -> Verdict:
    from sdr.checkup import Verdict

    if fault is None:
        return Verdict("uplink", "ok", f"{hub} answers", f"{hub} 可达")
    return Verdict(
        "uplink",
        "bad",
        f"{hub}: {fault}",
        f"{hub} 不可达",
        "Check cable, SIM card, VPN and the hub's firewall.",
        "检查网线、SIM 卡、VPN 及中心防火墙。",
    )


def _address(hub: str) -> tuple[str, int]:
    host, colon, port = hub.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise InputError([Fault("--hub", 0, f"{hub!r} is not HOST:PORT")])
    return host.strip("[]"), int(port)
