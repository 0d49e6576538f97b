"""``examwatch fleet``: one configuration for many nodes, a few of them first.

On the hub: release, status, halt, again, bundle. On a node: follow, apply.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from monitor.cli.enrolment import ConfigOption, ListFormat, print_nodes
from monitor.cli.stores import DEFAULT, shell_actor
from monitor.faults import Fault, InputError, WorldError

if TYPE_CHECKING:
    from monitor.fleet.hub import HubParts
    from monitor.fleet.releases import Releases

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Releases to all nodes. 向节点分批下发配置与规则。"
)
FolderArgument = Annotated[
    Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="Its files.")
]
NodeOption = Annotated[
    Path, typer.Option("--node", help="The folder that `sensor enrol` made. 节点身份目录。")
]
ReleasesOption = Annotated[
    Path, typer.Option("--releases", help="Where releases are kept; see `current` in it.")
]
LocalOption = Annotated[
    Path | None, typer.Option("--config", help="The node's own configuration, checked with each release.")
]
NoteOption = Annotated[str, typer.Option("--note", help="What it is for. 说明。")]


@app.command()
def bundle(
    folder: FolderArgument,
    out: Annotated[Path, typer.Option("--out", help="The signed bundle.")],
    serial: Annotated[int, typer.Option("--serial", min=1, help="Greater than what the nodes have.")],
    note: NoteOption = "",
    config: ConfigOption = DEFAULT,
) -> None:
    """Sign the files of DIR into one file, for nodes without an uplink. 签名打包，供离线节点使用。

    Example: examwatch fleet bundle release/ --serial 12 --out june.zip --config hub.yml
    """
    from monitor.fleet.bundle import pack, read_folder

    files = read_folder(folder)
    with _hub(config, "") as (hub, _):
        raw = pack(files, serial, shell_actor(), datetime.now(UTC), note, hub.release_key)
    try:
        out.write_bytes(raw)
    except OSError as error:
        raise WorldError(f"{out}: {error.strerror}") from None
    typer.echo(f"{len(files)} files, {len(raw)} bytes", err=True)


@app.command()
def release(folder: FolderArgument, note: NoteOption = "", config: ConfigOption = DEFAULT) -> None:
    """Give the files of DIR to the nodes: a few first, then all, and back if they fare badly. 分批下发。

    Example: examwatch fleet release release/ --note "new rules for June" --config hub.yml
    """
    from monitor.fleet.bundle import read_folder

    files = read_folder(folder)
    with _hub(config, str(folder)) as (_, releases):
        made = releases.begin(shell_actor(), files, note, datetime.now(UTC))
    typer.echo(f"release / 版本 {made.serial}: {len(files)} files, {made.content}", err=True)


@app.command()
def halt(config: ConfigOption = DEFAULT) -> None:
    """Take back the release that is under way. 停止并回退当前下发。

    Example: examwatch fleet halt --config hub.yml
    """
    from monitor.fleet.desk import policy_of

    with _hub(config, "fleet") as (hub, releases):
        serial = releases.halt(shell_actor(), policy_of(hub.settings), datetime.now(UTC))
    typer.echo(f"release / 版本 {serial}: halted / 已停止", err=True)


@app.command()
def again(
    serial: Annotated[
        int, typer.Argument(metavar="RELEASE", help="One that was on all nodes. 曾全网下发的版本号。")
    ],
    config: ConfigOption = DEFAULT,
) -> None:
    """Give the files of an older release to all nodes, at once. 全网退回到旧版本的文件。

    Example: examwatch fleet again 7 --config hub.yml
    """
    with _hub(config, "fleet") as (_, releases):
        made = releases.again(shell_actor(), serial, datetime.now(UTC))
    typer.echo(f"release / 版本 {made.serial}: {made.note}", err=True)


@app.command()
def status(
    config: ConfigOption = DEFAULT,
    format: Annotated[ListFormat, typer.Option("--format", help="table for people.")] = ListFormat.table,
) -> None:
    """How far the newest releases got, and what each node runs. 下发进度与各节点版本。

    Example: examwatch fleet status --config hub.yml
    """
    with _hub(config, "") as (hub, releases):
        found, nodes = releases.list(5), hub.register.roll.list(datetime.now(UTC))
    for one in reversed(found):
        rollout = one.rollout
        if format is ListFormat.jsonl:
            row = {"type": "release", "serial": one.serial, "state": rollout.state, "stage": rollout.stage,
                   "n_offered": len(rollout.nodes), "made_by": one.made_by, "made_at": one.made_at,
                   "note": one.note, "why": rollout.why}  # fmt: skip
            typer.echo(msgspec.json.encode(row))
        else:
            typer.echo(f"{one.serial:5}  {_STATES[rollout.state]:24} {len(rollout.nodes)} nodes  "
                       f"{one.made_at:%Y-%m-%d %H:%M}  {one.made_by}  {one.note}  {rollout.why}")  # fmt: skip
    if format is ListFormat.jsonl:
        for node in nodes:
            typer.echo(msgspec.json.encode({"type": "node", **msgspec.to_builtins(node)}))
    else:
        print_nodes(nodes)


_STATES = {"running": "under way / 下发中", "done": "done / 已完成", "rolled-back": "TAKEN BACK / 已回退"}


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(metavar="BUNDLE", help="As `fleet bundle` wrote it.")],
    node: NodeOption,
    releases: ReleasesOption,
    config: LocalOption = None,
) -> None:
    """On a node: take a bundle by hand. A wrong signature or an older number is refused. 手工应用。

    Example: examwatch fleet apply june.zip --node /etc/examwatch/node --releases /var/lib/examwatch/releases
    """
    from monitor.fleet.bundle import BundleError
    from monitor.fleet.shelf import ReleaseShelf
    from monitor.heads import open_public_key

    shelf = ReleaseShelf(releases, open_public_key(node / "release.pub"))
    try:
        taken = shelf.take(file.read_bytes(), lambda: _check(config))
    except OSError as error:
        raise InputError([Fault(str(file), 0, f"cannot be read: {error.strerror}")]) from None
    except BundleError as error:
        raise InputError([Fault(str(file), 0, str(error))]) from None
    typer.echo(f"release / 版本 {taken.manifest.serial}: {shelf.current}", err=True)


@app.command()
def follow(
    node: NodeOption,
    releases: ReleasesOption,
    config: LocalOption = None,
    restart: Annotated[
        str,
        typer.Option("--restart", help="Command after a release was taken; none: nothing is started anew."),
    ] = "",
    health: Annotated[
        str, typer.Option("--health", help="Where the daemon of this node says how it is.")
    ] = "http://127.0.0.1:8440/health",
    every: Annotated[float, typer.Option("--every", min=1, help="Seconds between reports.")] = 60,
    once: Annotated[bool, typer.Option("--once", help="Report once and end.")] = False,
) -> None:
    """On a node: report to the hub and take its releases, until stopped. 上报状态并接收下发。

    Example: examwatch fleet follow --node /etc/examwatch/node --releases /var/lib/examwatch/releases
    --config /etc/examwatch/sensor.yml --restart "systemctl restart examwatch@sensor"
    """
    import aiohttp

    from monitor.cli.run import set_up_logging
    from monitor.clock import SystemClock
    from monitor.fleet import client, identity
    from monitor.fleet.follower import Follower, Ways
    from monitor.fleet.renewal import Renewal
    from monitor.fleet.shelf import ReleaseShelf
    from monitor.heads import open_public_key

    who = identity.load(node)
    shelf = ReleaseShelf(releases, open_public_key(node / "release.pub"))
    set_up_logging()

    async def go() -> None:
        async with aiohttp.ClientSession() as session:
            clock = SystemClock()
            renewal = Renewal(who, lambda mine, key: client.renew(session, mine, key), clock)
            ways = Ways(
                ask=lambda report: client.report(session, renewal.who, report),
                probe=lambda: client.probe(session, health),
                check=lambda: _check(config),
                restart=lambda: _run(restart),
                renew=renewal.look,
            )
            follower = Follower(who.told.node, shelf, ways, clock)
            if once:
                await follower.step()
            else:
                await follower.run(every)

    asyncio.run(go())


def _check(config: Path | None) -> None:
    if config is None:
        return
    from monitor.config import load_setup

    load_setup(config, datetime.now(UTC))


async def _run(command: str) -> None:
    if not command:
        return
    running = await asyncio.create_subprocess_exec(*shlex.split(command))
    if await running.wait() != 0:
        raise WorldError(f"{command!r} ended with {running.returncode}")


@contextmanager
def _hub(file: Path, subject: str) -> Generator[tuple[HubParts, Releases], None, None]:
    from monitor.cli.enrolment import hub_of
    from monitor.fleet.releases import Releases

    with hub_of(file, subject) as (hub, store):
        yield hub, Releases(store, hub.release_key)
