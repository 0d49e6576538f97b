"""The section ``link``: how an edge and its hub reach each other."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from monitor.paths import ExistingPath
from monitor.strict import Strict

SCHEMES = ("nats://", "tls://")


def _url(url: str) -> str:
    if not url.startswith(SCHEMES):
        raise ValueError(f"no link of kind '{url.partition(':')[0]}:' (nats://host:port or tls://host:port)")
    if "@" in url:
        raise ValueError("no user or token stands in the URL, which logs name: use credentials_file")
    return url


class Link(Strict):
    url: Annotated[str, AfterValidator(_url)] = "nats://127.0.0.1:4222"
    """``nats://host:port``, or ``tls://host:port``."""
    node: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    """This process, in the whole province; None: the site's id."""
    stream: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = "EXAMWATCH"
    stream_gb: float = Field(default=4, gt=0)
    """What the broker keeps at most for hubs that are away; the edges keep the rest."""
    ca_file: ExistingPath | None = None
    """Whose signature the broker's certificate must bear."""
    cert_file: ExistingPath | None = None
    key_file: ExistingPath | None = None
    """By which this process shows who it is."""
    credentials_file: ExistingPath | None = None
    """NATS credentials (``.creds``), where the broker asks for a token and not for a certificate."""
    outbox_gb: float = Field(default=2, gt=0)
    """Alerts that wait for the hub; then the least grave and oldest give way."""
    bandwidth_kbps: float = Field(default=512, ge=8)
    """What pictures, clips, pages, spectra and live sound may take of the uplink."""
