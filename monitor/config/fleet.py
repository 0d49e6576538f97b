"""The section of a hub that nodes belong to."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from monitor.paths import Strict


def _server(url: str) -> str:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme != "tls" or not parts.hostname or port is None or parts.path or parts.username:
        raise ValueError("an address of NATS is written tls://HOST:PORT")
    return url


def _stages(shares: tuple[float, ...]) -> tuple[float, ...]:
    if not shares or shares[-1] != 1 or list(shares) != sorted(set(shares)) or shares[0] <= 0:
        raise ValueError("stages are growing shares of all nodes, and the last is 1")
    return shares


class Fleet(Strict):
    """Where this hub's nodes connect, and how a release reaches them."""

    servers: tuple[Annotated[str, AfterValidator(_server)], ...] = Field(min_length=1)
    """Of NATS, as the nodes reach it; the first one's port is the one it listens on."""
    names: tuple[str, ...] = ()
    """More names and addresses in the server's certificate than those of ``servers``."""
    certificate_days: float = Field(default=400, gt=0, le=3650)
    stages: Annotated[tuple[float, ...], AfterValidator(_stages)] = (0.01, 0.1, 1.0)
    """Shares of the nodes that get a release, one after the other."""
    soak_min: float = Field(default=15, ge=0, le=10_000)
    """So long a stage is watched before the next."""
    healthy_reports: int = Field(default=3, ge=1, le=1000)
    """In a row, from each node that has the release."""
    max_failing: float = Field(default=0.02, ge=0, lt=1)
    """Share of the nodes with the release that may fail; one more takes it back from all."""

    @property
    def all_names(self) -> tuple[str, ...]:
        """For the certificate of NATS: those it is reached under, and this machine's own."""
        hosts = [urlsplit(one).hostname or "" for one in self.servers]
        return tuple(dict.fromkeys([*hosts, *self.names, "localhost", "127.0.0.1"]))

    @property
    def port(self) -> int:
        return urlsplit(self.servers[0]).port or 4222
