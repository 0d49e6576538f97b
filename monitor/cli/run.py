"""``examwatch run``: the daemon, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer

from monitor.plain import plain_words
from monitor.roles import Role, narrowed

DEFAULT = Path("configs/demo.yml")
STOP_S = 4.5
"""A supervisor waits 5 s or more. All that matters is on the disk by then; what still hangs is left."""


def run(
    config: Annotated[Path, typer.Argument(metavar="[CONFIG]", help="The configuration.")] = DEFAULT,
    role: Annotated[Role, typer.Option(help="Which part of the system this process is.")] = Role.all,
) -> None:
    """Run the system, or one role of it, until SIGTERM or Ctrl-C. 运行系统或其一部分。

    SIGHUP reads the rules again. Roles other than all meet by the section link: docs/province.md.

    Example: examwatch run configs/demo.yml
    """
    from monitor.app import Greeting, serve
    from monitor.config import load_setup
    from monitor.tenant import sole_tenant

    setup = narrowed(load_setup(config, datetime.now(UTC)), role)
    set_up_logging()

    async def until_told() -> None:
        stop, reread = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _begin_stop, stop)
        loop.add_signal_handler(signal.SIGHUP, reread.set)
        await serve(setup, stop, reread, Greeting(_ready, _first_administrator, _tips, _edge_ready), role)

    with sole_tenant(setup.config.data_dir):
        asyncio.run(until_told())


def set_up_logging() -> None:
    """One readable line an event on a terminal, one JSON object where nobody looks.

    Traces are plain ones: structlog's own show the local variables, passwords among them.
    """
    on_terminal = sys.stderr.isatty()
    trace = structlog.dev.plain_traceback
    shown: list[Any] = (
        [plain_words, structlog.dev.ConsoleRenderer(pad_event_to=0, exception_formatter=trace)]
        if on_terminal
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if on_terminal else "iso", utc=not on_terminal),
            *shown,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    # Libraries log each job and request at INFO: only what goes wrong there is for a person.
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # What it says of a message that was not taken names the address, which is the secret.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)


def _ready(address: str) -> None:
    typer.echo(f"console / 控制台: {address}")


def _edge_ready(node: str, url: str) -> None:
    typer.echo(f"edge / 边缘节点: {node} -> {url}")


def _tips(address: str) -> None:
    typer.echo(f"form for tips / 线索表单: {address}")


def _first_administrator(name: str, password: str) -> None:
    typer.echo(f"first login / 首次登录: {name}   one-time password / 一次性口令: {password}")


def _begin_stop(stop: asyncio.Event) -> None:
    if stop.is_set():
        return
    stop.set()
    watchdog = threading.Timer(STOP_S, os._exit, (0,))
    watchdog.daemon = True
    watchdog.start()
