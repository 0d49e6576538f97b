"""What an installation knows of its provider of logins."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from monitor.people.outsiders import Grant

CALLBACK = "/api/login/oidc/callback"
LEFT = "/api/login/oidc/left"


@dataclass(frozen=True, slots=True)
class Settings:
    issuer: str
    client_id: str
    secret_file: Path
    public_url: str
    """Where browsers open the console: scheme and host, without a path."""
    scopes: tuple[str, ...]
    username: str
    groups: str
    """Claims, or paths to them."""
    grants: tuple[Grant, ...]
    """The first whose group a person has counts."""
    label_en: str
    label_zh: str
    allow_local: bool
    log_out_there: bool = True
    """Whether who logs out here is led to the provider to log out there too, where it offers that."""

    @property
    def redirect_uri(self) -> str:
        return self.public_url + CALLBACK

    @property
    def left_uri(self) -> str:
        """Where the provider sends browsers back to after a logout."""
        return self.public_url + LEFT

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https:")

    def grant(self, groups: frozenset[str]) -> Grant | None:
        return next((one for one in self.grants if one.group in groups), None)


def is_safe(url: str) -> bool:
    """Whether what is sent there can be read by nobody on the way: https, or this machine itself."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _is_own(host)))


def _is_own(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
