"""What a node tells its hub again and again, signed by its key, and what it hears back. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import datetime
from typing import Literal

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from monitor.alert import wire
from monitor.server.views import View

_PURPOSE = b"examwatch report 1\n"
NodeHealth = Literal["ok", "degraded", "down"]


class ReportError(Exception):
    """Not what a node of ours says; one line."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How a node fares. Who reads it passes over fields that it does not know."""

    node: str
    instance: str
    """Random, anew at each start of the program."""
    count: int
    """Grows by each report of an instance."""
    at: datetime
    software: str
    release: int
    """The serial of what it runs; 0: none."""
    refused: int = 0
    """The serial of a release it could not take, and why."""
    refused_why: str = ""
    health: NodeHealth
    problem: str = ""
    clock_offset_s: float | None = None
    """How far the node's clock is ahead of the hub's, as the last answer showed."""


class ReportBody(View, frozen=True, kw_only=True):
    """Signed as it stands, so that fields of a newer node do not break an older hub."""

    node: str
    report: str
    """`Report` as JSON."""
    signature: str
    """Over ``report``, by the node's key; base64."""


class ReportView(View, frozen=True, kw_only=True):
    """The hub's answer."""

    now: datetime
    wanted: int
    """The serial that the node is to run; 0: what it runs."""
    bundle: str | None
    """That release, base64, where the node has an older one. It is signed itself."""


def signed(report: Report, sign: Callable[[bytes], bytes]) -> ReportBody:
    text = wire.canonical(report)
    signature = sign(_PURPOSE + text.encode())
    return ReportBody(node=report.node, report=text, signature=base64.b64encode(signature).decode())


def believe(body: ReportBody, certificate: x509.Certificate) -> Report:
    """What the holder of `certificate` says of itself.

    Raises
    ------
    ReportError
        If another said it, or it is no report.
    """
    key, message = certificate.public_key(), _PURPOSE + body.report.encode()
    try:
        signature = base64.b64decode(body.signature, validate=True)
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, Ed25519PublicKey):
            key.verify(signature, message)
        report = msgspec.json.decode(body.report, type=Report)
    except (InvalidSignature, binascii.Error):
        raise ReportError("not signed by this node's key") from None
    except msgspec.DecodeError as error:
        raise ReportError(f"not a report: {error}") from None
    if report.node != body.node:
        raise ReportError("a report of another node")
    return report
