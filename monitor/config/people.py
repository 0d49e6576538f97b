"""The section ``people:``: logins by a provider of the house's own."""

from __future__ import annotations

import ssl
from collections.abc import Set as AbstractSet
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from crawlers.errors import CrawlError
from crawlers.secrets import read_line
from monitor.faults import Fault, FaultList
from monitor.oidc.settings import Settings, is_safe
from monitor.paths import ExistingPath, Id, Strict
from monitor.people.outsiders import Grant
from monitor.people.roles import Role
from monitor.people.scope import Scope
from monitor.yamltree import Tree


def _issuer(url: str) -> str:
    if not is_safe(url):
        raise ValueError(f"{url!r} is no https address (http is for this machine alone)")
    if urlsplit(url).query or urlsplit(url).fragment:
        raise ValueError("an issuer has neither ? nor #")
    return url


def _origin(url: str) -> str:
    _issuer(url)
    parts = urlsplit(url)
    if parts.path.strip("/") or parts.username is not None:
        raise ValueError("only scheme and host, such as https://watch.example.org")
    # As browsers write it in Origin: without the port that goes without saying.
    usual = {"https": 443, "http": 80}[parts.scheme]
    host = parts.netloc if parts.port != usual else parts.netloc.rpartition(":")[0]
    return f"{parts.scheme}://{host}".lower()


def _scopes(scopes: tuple[str, ...]) -> tuple[str, ...]:
    if "openid" not in scopes:
        raise ValueError("openid must be among them")
    return scopes


class Label(Strict):
    """On the button, in both languages."""

    en: Annotated[str, Field(min_length=1, max_length=60)] = "your organisation's account"
    zh: Annotated[str, Field(min_length=1, max_length=60)] = "统一身份认证"


class Claims(Strict):
    """Where the provider says what; a path with dots reaches into objects."""

    username: Annotated[str, Field(min_length=1)] = "preferred_username"
    groups: Annotated[str, Field(min_length=1)] = "groups"


class GroupRole(Strict):
    group: Annotated[str, Field(min_length=1)]
    role: Role
    venues: tuple[str, ...] | None = None
    """None: all."""
    department: Id | None = None


class Oidc(Strict):
    issuer: Annotated[str, AfterValidator(_issuer)]
    client_id: Annotated[str, Field(min_length=1)]
    client_secret_file: ExistingPath
    public_url: Annotated[str, AfterValidator(_origin)]
    """Under which browsers open the console; the provider sends them back there."""
    ca_file: ExistingPath | None = None
    """Whose signature the provider's certificate must bear; None: the system's usual ones."""
    scopes: Annotated[tuple[str, ...], AfterValidator(_scopes)] = ("openid", "profile")
    label: Label = Label()
    claims: Claims = Claims()
    roles: Annotated[tuple[GroupRole, ...], Field(min_length=1)]
    """The first whose group a person has counts; who has none is refused."""
    allow_local: bool = True
    """Whether people of this installation's own, with a password, may still log in."""
    log_out_there: bool = True
    """Whether who logs out here is logged out at the provider too, where it offers that."""

    @property
    def settings(self) -> Settings:
        return Settings(
            issuer=self.issuer,
            client_id=self.client_id,
            secret_file=self.client_secret_file,
            public_url=self.public_url,
            scopes=self.scopes,
            username=self.claims.username,
            groups=self.claims.groups,
            grants=tuple(
                Grant(
                    one.group,
                    one.role,
                    Scope(None if one.venues is None else frozenset(one.venues), one.department),
                )
                for one in self.roles
            ),
            label_en=self.label.en,
            label_zh=self.label.zh,
            allow_local=self.allow_local,
            log_out_there=self.log_out_there,
        )


class People(Strict):
    oidc: Oidc | None = None


def oidc_misfits(
    tree: Tree,
    oidc: Oidc,
    auth: Literal["on", "off"],
    hosts: AbstractSet[str],
    departments: AbstractSet[str],
    venues: AbstractSet[str],
) -> list[Fault]:
    """What could let nobody in, or send nobody back; `hosts` are the names the console answers to.

    Blocking: reads the secret and the certificates, to say so now and not at the first login.
    """
    faults = FaultList(tree.path)

    def wrong(message: str, *steps: str | int) -> None:
        path = ("people", "oidc", *steps)
        faults.add(tree.line(path), f"{'.'.join(map(str, path))}: {message}")

    if auth == "off":
        wrong("auth is off, so nobody logs in")
    host = urlsplit(oidc.public_url).hostname or ""
    if host not in {one.lower() for one in hosts}:
        wrong(f"'{host}' is not in server.allowed_hosts, so nobody can open it", "public_url")
    try:
        read_line(oidc.client_secret_file)
    except CrawlError as error:
        wrong(str(error), "client_secret_file")
    if oidc.ca_file is not None:
        try:
            ssl.create_default_context(cafile=oidc.ca_file)
        except (OSError, ValueError) as error:
            wrong(f"{oidc.ca_file}: {error}", "ca_file")
    groups = [one.group for one in oidc.roles]
    for i, one in enumerate(oidc.roles):
        if one.group in groups[:i]:
            wrong(f"'{one.group}' stands above already; the first line counts", "roles", i, "group")
        if one.department is not None and one.department not in departments:
            there = ", ".join(sorted(departments))
            wrong(f"there is no '{one.department}' (there is {there})", "roles", i, "department")
        for venue in sorted(set(one.venues or ()) - venues) if venues else ():
            wrong(f"'{venue}' is not in the timetable", "roles", i, "venues")
    return faults.faults
