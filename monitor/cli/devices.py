"""``examwatch devices``: what is plugged in, and whether it can be used.

A dongle on standard output a line; why one cannot be used stands beside it.
None plugged in is an answer, not a failure; a missing library is one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from monitor.cli.terminal import marked
from monitor.faults import WorldError

if TYPE_CHECKING:
    from sdr.source.usb import Dongle


class Format(StrEnum):
    table = "table"
    jsonl = "jsonl"


def devices(
    format: Annotated[
        Format, typer.Option("--format", help="table for people, jsonl for programs.")
    ] = Format.table,
) -> None:
    """List the RTL-SDR dongles that are plugged in. 列出已插入的 RTL-SDR 接收机。

    Example: examwatch devices --format jsonl
    """
    from sdr.source import SourceError
    from sdr.source.usb import list_dongles, with_state

    try:
        dongles = [with_state(dongle) for dongle in list_dongles()]
    except SourceError as fault:
        raise WorldError(str(fault)) from fault
    if format is Format.jsonl:
        for dongle in dongles:
            typer.echo(msgspec.json.encode(_record(dongle)).decode())
    elif dongles:
        _print_table(dongles)
    else:
        typer.echo("no RTL-SDR dongle is plugged in / 未插入 RTL-SDR 接收机", err=True)


def _record(dongle: Dongle) -> dict[str, object]:
    return {
        "type": "device",
        "source": _source(dongle),
        "index": dongle.index,
        "name": dongle.name,
        "manufacturer": dongle.manufacturer,
        "product": dongle.product,
        "serial": dongle.serial,
        "usable": dongle.fault is None,
        "fault": dongle.fault,
    }


def _source(dongle: Dongle) -> str:
    """What to write as SOURCE: the serial number, which stays when others are plugged in."""
    return f"rtl:serial={dongle.serial}" if dongle.serial else f"rtl:{dongle.index}"


def _print_table(dongles: list[Dongle]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("source / 信号源", "name / 名称", "serial / 序列号", "state / 状态")
    for dongle in dongles:
        name = f"{dongle.manufacturer} {dongle.product}".strip() or dongle.name
        state = "ready / 可用" if dongle.fault is None else dongle.fault
        table.add_row(*(marked(text) for text in (_source(dongle), name, dongle.serial, state)))
    Console().print(table)
