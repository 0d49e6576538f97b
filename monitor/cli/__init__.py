"""The command ``examwatch``: one table of commands, each loaded only when it is called.

exit 0  done
exit 1  the world failed (a port is taken, a disk is full): one line
exit 2  the input was wrong: one line a fault, ``file:line: message``
"""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.faults import InputError, WorldError

INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class Command:
    """Where a command lives: a typer app, or a function that becomes one."""

    module: str
    name: str
    help: str
    example: str = ""
    """Of a group, whose page lists its commands and would otherwise show none."""


COMMANDS: dict[str, Command] = {
    "run": Command("monitor.cli.run", "run", "run the daemon / 运行监测系统"),
    "check": Command("monitor.cli.check", "check", "every fault of a configuration / 检查配置"),
    "devices": Command("monitor.cli.devices", "devices", "what is plugged in / 已接入的接收机"),
    "scan": Command("monitor.cli.scan", "scan", "what is on the air / 扫描信号"),
    "survey": Command("monitor.cli.survey", "survey", "template of a site / 站点勘测模板"),
    "occupancy": Command("monitor.cli.occupancy", "occupancy", "how busy channels are / 频道占用度"),
    "locate": Command("monitor.cli.locate", "locate", "where a sender may be / 发射源区域"),
    "listen": Command("monitor.cli.listen", "listen_command", "a clip as sound / 回放录音"),
    "sensor": Command(
        "monitor.cli.sensor",
        "app",
        "check, invite, enrol and revoke / 传感器自检与入网",
        "examwatch sensor list --config hub.yml",
    ),
    "fleet": Command(
        "monitor.cli.fleet",
        "app",
        "releases to all nodes / 向节点下发配置与规则",
        "examwatch fleet status --config hub.yml",
    ),
    "crawl": Command("monitor.cli.crawl", "crawl", "fetch what the sources show now / 抓取来源"),
    "read": Command("monitor.cli.read", "read_command", "files as text, codes, paper likeness / 识别文件"),
    "match": Command("monitor.cli.match", "match_command", "try rules on posts / 规则试匹配"),
    "hunt": Command("monitor.cli.hunt", "hunt_command", "try rules on old posts / 回溯已抓取的帖子"),
    "bank": Command(
        "monitor.cli.bank",
        "app",
        "keyed fingerprints of secret items / 涉密题指纹库",
        "examwatch bank key --out bank.key",
    ),
    "rules": Command(
        "monitor.cli.rules",
        "app",
        "check, try and explain rules / 规则的检查与试运行",
        "examwatch rules test rules/library",
    ),
    "alerts": Command(
        "monitor.cli.alerts",
        "app",
        "list, show and export alerts / 查看与导出告警",
        "examwatch alerts list --store configs/demo.yml",
    ),
    "cases": Command(
        "monitor.cli.cases",
        "app",
        "cases and reports / 案件与报告",
        "examwatch cases list --store configs/demo.yml",
    ),
    "drill": Command("monitor.cli.drill", "drill_command", "signals and posts of our own / 演练"),
    "user": Command(
        "monitor.cli.user",
        "app",
        "who may log in / 用户与角色",
        "examwatch user list --store configs/demo.yml",
    ),
    "audit": Command(
        "monitor.cli.audit",
        "app",
        "prove that nothing was changed / 审计链校验",
        "examwatch audit verify configs/demo.yml",
    ),
    "db": Command(
        "monitor.cli.db",
        "app",
        "upgrade the database / 升级数据库",
        "examwatch db upgrade configs/examwatch.yml",
    ),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and end the process with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _speak_utf8()
    try:
        code = _dispatch(given)
        sys.stdout.flush()
    except InputError as error:
        code = _tell(str(error), 2)
    except WorldError as error:
        code = _tell(str(error), 1)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        _close_output()  # whoever read it has read enough
        code = 0
    except OSError as error:
        if error.errno not in _FULL:
            raise
        _close_output()
        code = _tell(f"{error.filename or 'output'}: cannot be written: {error.strerror}", 1)
    sys.exit(code)


def _close_output() -> None:
    """Nothing may be written at exit either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _speak_utf8() -> None:
    """Records are UTF-8 whatever the locale, as JSON is; nothing fails for its letters.

    A byte of a file's name that is no UTF-8 is written as JSON writes it, ``\\udcd6``.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _dispatch(given: list[str]) -> int:
    name, rest = (given[0], given[1:]) if given else ("", [])
    if name in COMMANDS:
        return _run(name, COMMANDS[name], rest)
    if name == "--version":
        sys.stdout.write(f"examwatch {_version()}\n")
        return 0
    if name in ("", "help", "--help", "-h"):
        sys.stdout.write(_help())
        return 0 if name else 2
    return _tell(f"no command '{name}'{_hint(name)}; see examwatch --help", 2)


def _run(name: str, command: Command, rest: list[str]) -> int:
    import typer
    from typer.exceptions import TyperException

    found = getattr(importlib.import_module(command.module), command.name)
    if isinstance(found, typer.Typer):
        app = found
        app.info.epilog = f"Example: {command.example}"
    else:
        app = typer.Typer(add_completion=False)
        app.command()(found)
    try:
        code = app(rest, prog_name=f"examwatch {name}", standalone_mode=False)
    except TyperException as error:
        return _tell(error.format_message(), error.exit_code)
    except typer.Abort:
        return INTERRUPTED
    except SystemExit as ended:
        # typer takes a pipe that nobody reads for a failure of the world, and ends the process.
        if isinstance(ended.__context__, BrokenPipeError):
            raise ended.__context__ from None
        raise
    return code if isinstance(code, int) else 0


def _help() -> str:
    rows = "\n".join(f"  {name:8} {command.help}" for name, command in COMMANDS.items())
    return (
        "Usage: examwatch COMMAND [ARGS]...\n\n"
        "Streaming monitor for wireless cheating signals and online leaks on exam days.\n"
        "考试无线作弊信号与网络泄题监测。\n\n"
        f"{rows}\n\n"
        "examwatch COMMAND --help tells more of each. Example: examwatch run configs/demo.yml\n"
    )


def _hint(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, COMMANDS, n=1)
    return f", did you mean '{near[0]}'?" if near else ""


def _version() -> str:
    from importlib.metadata import version

    return version("examwatch")


def _tell(message: str, code: int) -> int:
    from monitor.plain import plain_lines

    sys.stderr.write(plain_lines(message.rstrip("\n")) + "\n")
    return code
