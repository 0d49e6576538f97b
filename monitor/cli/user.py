"""``examwatch user``: who may log in, and as what. Works beside a running daemon."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import msgspec
import typer

from monitor.cli.stores import DEFAULT, shell_actor, store_place
from monitor.faults import Fault, InputError
from monitor.people.passwords import hash_password, one_time_password
from monitor.people.register import PeopleError, Register
from monitor.people.roles import ROLES
from monitor.people.scope import Scope

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Who may log in, and as what. 用户与角色。"
)


class RoleName(StrEnum):
    radio = "radio"
    analyst = "analyst"
    operator = "operator"
    supervisor = "supervisor"
    auditor = "auditor"
    administrator = "administrator"


assert tuple(RoleName) == ROLES

Name = Annotated[str, typer.Argument(help="The name to log in with. 登录名。")]
StoreOption = Annotated[
    str, typer.Option("--store", help="A configuration (.yml), a database file, or a URL.")
]


@app.command()
def add(
    name: Name,
    role: Annotated[RoleName, typer.Option("--role", help="What the person may do. 角色。")],
    store: StoreOption = str(DEFAULT),
) -> None:
    """Add a person and print a password for one use. 新增用户，并打印一次性口令。

    Example: examwatch user add li --role analyst --store configs/examwatch.yml
    """
    password = one_time_password()
    with _register(store, name) as register:
        register.add(shell_actor(), name, role.value, hash_password(password), _now())
    typer.echo(password)


@app.command()
def role(
    name: Name,
    role: Annotated[RoleName, typer.Argument(help="What the person may do from now on. 新角色。")],
    store: StoreOption = str(DEFAULT),
) -> None:
    """Give a person another role; all sessions of the person end. 更改角色，并结束其全部会话。

    Example: examwatch user role li supervisor
    """
    with _register(store, name) as register:
        register.set_role(shell_actor(), name, role.value, _now())


@app.command()
def scope(
    name: Name,
    venue: Annotated[
        list[str] | None, typer.Option("--venue", help="Only these; none: all venues. 考点，可重复。")
    ] = None,
    department: Annotated[str | None, typer.Option(help="Only its cases; none: all. 部门。")] = None,
    store: StoreOption = str(DEFAULT),
) -> None:
    """Which venues' alerts and which department's cases a person sees. 限定可见考点与部门。

    Example: examwatch user scope li --venue no1-high --department radio
    """
    with _register(store, name) as register:
        venues = frozenset(venue) if venue else None
        register.set_scope(shell_actor(), name, Scope(venues, department), _now())


@app.command()
def disable(
    name: Name,
    store: StoreOption = str(DEFAULT),
    undo: Annotated[bool, typer.Option("--undo", help="Let the person log in again. 恢复。")] = False,
) -> None:
    """Shut a person out at once; what was done stays on record. 停用用户，其操作记录保留。

    Example: examwatch user disable li
    """
    with _register(store, name) as register:
        register.set_disabled(shell_actor(), name, not undo, _now())


@app.command()
def password(name: Name, store: StoreOption = str(DEFAULT)) -> None:
    """Make and print a new password for one use. 重置为一次性口令并打印。

    Example: examwatch user password li
    """
    made = one_time_password()
    with _register(store, name) as register:
        register.set_password(shell_actor(), name, hash_password(made), _now(), must_change=True)
    typer.echo(made)


@app.command()
def link(
    name: Name,
    issuer: Annotated[str, typer.Option(help="The provider, as in people.oidc. 身份提供方。")],
    subject: Annotated[str, typer.Option(help="Whom it knows the person as (sub). 用户标识。")],
    store: StoreOption = str(DEFAULT),
) -> None:
    """Let a provider vouch for a person, whose password ends. 改由身份提供方认证，本地口令失效。

    A login under a name that is taken is refused; its entry in the audit says the subject.

    Example: examwatch user link li --issuer https://sso.example.org --subject 7f3c
    """
    with _register(store, name) as register:
        register.link(shell_actor(), name, issuer, subject, _now())


@app.command("list")
def list_(store: StoreOption = str(DEFAULT)) -> None:
    """Everyone, a JSON object a line. 列出全部用户（JSON 行）。

    Example: examwatch user list --store configs/examwatch.yml
    """
    with _register(store, "") as register:
        for person in register.everyone():
            typer.echo(msgspec.json.encode(person))


@contextmanager
def _register(given: str, name: str) -> Generator[Register, None, None]:
    opened = store_place(given).open()
    try:
        yield Register(opened)
    except PeopleError as error:
        raise InputError([Fault(name, 0, str(error))]) from None
    finally:
        opened.close()


def _now() -> datetime:
    return datetime.now(UTC)
