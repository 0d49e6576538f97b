"""The section ``notify:``: who is told, of what, and how many alerts make one message."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from monitor.notify.matcher import MatcherError, parse
from monitor.notify.route import Inhibition, Route
from monitor.paths import ExistingPath, Id, Strict

ReceiverKind = Literal["webhook", "wecom", "dingtalk", "feishu", "apprise"]


def _matcher(text: str) -> str:
    try:
        parse(text)
    except MatcherError as error:
        raise ValueError(str(error)) from None
    return text


def _http(url: str) -> str:
    if urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"{url!r} is no http or https address")
    return url


MatcherText = Annotated[str, AfterValidator(_matcher)]


class Receiver(Strict):
    """An address that takes messages. An address that is a secret itself stands in ``url_file``."""

    id: Id
    kind: ReceiverKind
    url: str | None = None
    url_file: ExistingPath | None = None
    """Of ``apprise``: an address of its, such as ``mailtos://user:password@host``, which holds secrets."""
    secret_file: ExistingPath | None = None
    """Signs what is sent: webhook, dingtalk, feishu."""
    fallback: Id | None = None
    """Takes over after three attempts that failed."""

    @model_validator(mode="after")
    def _one_address(self) -> Receiver:
        if (self.url is None) == (self.url_file is None):
            raise ValueError("either url or url_file is needed")
        if self.url is not None and self.kind != "apprise":
            _http(self.url)
        if self.kind == "webhook" and self.secret_file is None:
            raise ValueError(
                "a webhook needs secret_file: who receives it must be able to tell it from a forged one"
            )
        return self


class Deadman(Strict):
    """Who is pinged as long as all goes well; its address may be a secret."""

    url: Annotated[str, AfterValidator(_http)] | None = None
    url_file: ExistingPath | None = None
    every_s: float = Field(default=60, ge=5, le=3600)

    @model_validator(mode="after")
    def _one_address(self) -> Deadman:
        if (self.url is None) == (self.url_file is None):
            raise ValueError("either url or url_file is needed")
        return self


class RouteNode(Strict):
    receiver: Id | None = None
    """That of the node above, if left out; so with all below."""
    match: tuple[MatcherText, ...] = ()
    group_by: tuple[str, ...] | None = None
    group_wait_s: float | None = Field(default=None, ge=0, le=3600)
    group_interval_s: float | None = Field(default=None, ge=1, le=86_400)
    repeat_interval_s: float | None = Field(default=None, ge=60, le=30 * 86_400)
    goes_on: bool = Field(default=False, alias="continue")
    drills: bool = False
    """Told of drills as well."""
    routes: tuple[RouteNode, ...] = ()


class InhibitRule(Strict):
    source: Annotated[tuple[MatcherText, ...], Field(min_length=1)]
    target: Annotated[tuple[MatcherText, ...], Field(min_length=1)]
    equal: tuple[str, ...] = ()


class Notify(Strict):
    receivers: Annotated[tuple[Receiver, ...], Field(min_length=1)]
    route: RouteNode
    inhibit: tuple[InhibitRule, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Notify:
        names = [one.id for one in self.receivers]
        doubled = next((name for name in names if names.count(name) > 1), None)
        if doubled is not None:
            raise ValueError(f"receiver '{doubled}' stands twice")
        if self.route.receiver is None:
            raise ValueError("route: the topmost route needs a receiver")
        for one in self.receivers:
            if one.fallback is not None and (one.fallback not in names or one.fallback == one.id):
                raise ValueError(
                    f"receiver '{one.id}' falls back to '{one.fallback}', which is no other receiver"
                )
        for node in _nodes(self.route):
            if node.receiver is not None and node.receiver not in names:
                raise ValueError(
                    f"route: there is no receiver '{node.receiver}' (there is {', '.join(names)})"
                )
        return self

    @property
    def tree(self) -> Route:
        top = Route(
            path="",
            receiver=self.route.receiver or "",
            matchers=(),
            group_by=("venue", "category"),
            group_wait=timedelta(seconds=10),
            group_interval=timedelta(minutes=1),
            repeat_interval=timedelta(hours=4),
        )
        return _route(self.route, top, "0")

    @property
    def inhibitions(self) -> tuple[Inhibition, ...]:
        return tuple(
            Inhibition(tuple(map(parse, one.source)), tuple(map(parse, one.target)), one.equal)
            for one in self.inhibit
        )


def _nodes(node: RouteNode) -> list[RouteNode]:
    return [node, *(below for child in node.routes for below in _nodes(child))]


def _route(node: RouteNode, above: Route, path: str) -> Route:
    here = Route(
        path=path,
        receiver=node.receiver or above.receiver,
        matchers=tuple(map(parse, node.match)),
        group_by=above.group_by if node.group_by is None else node.group_by,
        group_wait=_span(node.group_wait_s, above.group_wait),
        group_interval=_span(node.group_interval_s, above.group_interval),
        repeat_interval=_span(node.repeat_interval_s, above.repeat_interval),
        goes_on=node.goes_on,
        drills=node.drills,
    )
    below = tuple(_route(child, here, f"{path}.{n}") for n, child in enumerate(node.routes))
    return Route(**{name: getattr(here, name) for name in Route.__slots__ if name != "routes"}, routes=below)


def _span(seconds: float | None, above: timedelta) -> timedelta:
    return above if seconds is None else timedelta(seconds=seconds)
