"""``examwatch sensor invite|enrol|revoke|list|nats-config``: which machines belong to a hub."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from monitor.cli.stores import DEFAULT, shell_actor
from monitor.cli.terminal import marked
from monitor.faults import Fault, InputError

if TYPE_CHECKING:
    from monitor.fleet.hub import HubParts
    from monitor.fleet.roll import Node
    from monitor.store import Store

ConfigOption = Annotated[
    Path, typer.Option("--config", help="The hub's configuration, with its section 'fleet'. 中心配置。")
]
NodeArgument = Annotated[str, typer.Argument(metavar="NODE", help="Name of the machine. 节点名。")]


class ListFormat(StrEnum):
    table = "table"
    jsonl = "jsonl"


def invite(
    venue: Annotated[str, typer.Argument(metavar="VENUE", help="Where it will stand. 考点。")],
    node: NodeArgument,
    hours: Annotated[
        float, typer.Option("--hours", min=0.1, max=720, help="How long the code is good.")
    ] = 24,
    config: ConfigOption = DEFAULT,
) -> None:
    """On the hub: print a code that lets one machine in, once. 在中心生成一次性入网码。

    Example: examwatch sensor invite no1-high roof-east --config hub.yml
    """
    from monitor.fleet.code import new_code
    from monitor.fleet.register import Invite

    now = datetime.now(UTC)
    _check_venue(config, venue, now)
    with hub_of(config, node) as (hub, _):
        code = new_code(hub.authority.der)
        actor = shell_actor()
        hub.register.invite(actor, code, Invite(node, venue, actor, now, now + timedelta(hours=hours)))
    typer.echo(str(code))


def enrol(
    hub: Annotated[str, typer.Argument(metavar="HUB-URL", help="Such as https://hub.example.org:8440.")],
    code: Annotated[
        str, typer.Argument(metavar="CODE", help="As `invite` printed it; - reads it from input.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for key, certificate and link.yml.")],
) -> None:
    """On the sensor: make its key, have it signed by the hub. 在传感器端生成密钥并入网。

    Example: examwatch sensor enrol https://hub.example.org:8440 KX4Q2-… --out /etc/examwatch/node
    """
    from monitor.fleet import client, identity
    from monitor.fleet.code import parse

    try:
        read = parse(sys.stdin.readline() if code == "-" else code)
    except ValueError as error:
        raise InputError([Fault("CODE", 0, str(error))]) from None
    key = identity.begin(out)
    answer = asyncio.run(client.enrol(hub, read, key))
    files = identity.keep(out, hub, answer)
    typer.echo(f"node / 节点: {answer.node}   venue / 考点: {answer.venue}", err=True)
    for file in files:
        typer.echo(str(file))


def revoke(
    node: NodeArgument,
    reason: Annotated[str, typer.Option("--reason", help="Kept in the audit. 原因。")] = "",
    config: ConfigOption = DEFAULT,
) -> None:
    """On the hub: shut a machine out, at once where nats-server runs here. 吊销节点证书。

    Example: examwatch sensor revoke roof-east --reason stolen --config hub.yml
    """
    now = datetime.now(UTC)
    with hub_of(config, node) as (hub, _):
        serial = hub.register.revoke(shell_actor(), node, reason, now)
        told = hub.nats.refresh(now)
    typer.echo(f"{node}: revoked / 已吊销 {serial}", err=True)
    if serial and not told:
        typer.echo(
            f"nats-server runs elsewhere: have it read {hub.nats.folder / 'users.conf'} again "
            "(nats-server --signal reload) / 请让 NATS 重新加载",
            err=True,
        )


def list_(
    config: ConfigOption = DEFAULT,
    format: Annotated[ListFormat, typer.Option("--format", help="table for people.")] = ListFormat.table,
) -> None:
    """Every node: state, since when, by whom, last seen, end of its certificate. 列出全部节点。

    Example: examwatch sensor list --config hub.yml --format jsonl
    """
    with hub_of(config, "") as (hub, _):
        found = hub.register.roll.list(datetime.now(UTC))
    if format is ListFormat.jsonl:
        for one in found:
            typer.echo(msgspec.json.encode(one))
    else:
        print_nodes(found)


def nats_config(config: ConfigOption = DEFAULT) -> None:
    """On the hub: write what nats-server needs, with the hub's own certificate. 生成 NATS 配置与证书。

    Example: examwatch sensor nats-config --config hub.yml && nats-server -c var/hub/nats/nats-server.conf
    """
    now = datetime.now(UTC)
    with hub_of(config, "") as (hub, _):
        for file in hub.write_nats(shell_actor(), now):
            typer.echo(str(file))
        hub.nats.reload()


def _check_venue(file: Path, venue: str, now: datetime) -> None:
    """Raises `InputError` if the hub's timetable does not know `venue`."""
    from monitor import timetable
    from monitor.config import load_config

    config = load_config(file)
    if config.timetable is None:
        return
    known = timetable.load(config.timetable, now).venues
    if known and venue not in known:
        there = ", ".join(sorted(known))
        raise InputError([Fault(venue, 0, f"is no venue of {config.timetable} (there is {there})")])


_STATES = {
    "invited": "invited / 已邀请",
    "enrolled": "enrolled / 已入网",
    "revoked": "REVOKED / 已吊销",
    "expired": "EXPIRED / 已过期",
}


def print_nodes(found: list[Node]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for name in (
        "node / 节点", "venue / 考点", "state / 状态", "enrolled / 入网", "by / 邀请人", "seen / 最近",
        "until / 证书到期", "software / 版本", "release / 配置", "health / 健康",
    ):  # fmt: skip
        table.add_column(name, overflow="fold")
    for one in found:
        state = _STATES[one.state] + (" CLONED? / 疑似克隆" if one.cloned_at else "")
        cells = (
            one.node, one.venue, state, _minute(one.enrolled_at), one.invited_by, _minute(one.last_seen),
            _minute(one.certificate_ends_at), one.software or "", one.release or "", one.health or "",
        )  # fmt: skip
        table.add_row(*map(marked, cells))
    # A pipe has no width of its own, and a name cut in two is no name.
    Console(width=None if sys.stdout.isatty() else 240).print(table)


def _minute(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at is not None else ""


@contextmanager
def hub_of(file: Path, subject: str) -> Generator[tuple[HubParts, Store], None, None]:
    """The hub of a configuration; what it refuses is a fault of `subject`."""
    from monitor.config import load_config
    from monitor.fleet.hub import open_hub
    from monitor.fleet.register import FleetError
    from monitor.store import Store

    config = load_config(file)
    store = Store(config.store_url, config.store.password_file)
    try:
        yield open_hub(config, store, datetime.now(UTC), file), store
    except FleetError as error:
        raise InputError([Fault(subject, 0, str(error))]) from None
    finally:
        store.close()
