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
Sign = Callable[[bytes], bytes]
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


class RenewBody(View, frozen=True, kw_only=True):
    """A node asks for a certificate of a new key before its own ends."""

    node: str
    csr: str
    """Signing request as PEM, signed by the new key."""
    signature: str
    """Over node and request, by the key that the node has now; base64."""


def signed(report: Report, sign: Sign) -> ReportBody:
    text = wire.canonical(report)
    return ReportBody(node=report.node, report=text, signature=_signature(_PURPOSE + text.encode(), sign))


def renewing(node: str, csr: str, sign: Sign) -> RenewBody:
    return RenewBody(node=node, csr=csr, signature=_signature(_renewal(node, csr), sign))


def _renewal(node: str, csr: str) -> bytes:
    return b"examwatch renew 1\n" + node.encode() + b"\n" + csr.encode()


def _signature(message: bytes, sign: Sign) -> str:
    return base64.b64encode(sign(message)).decode()


def believe(body: ReportBody, certificate: x509.Certificate) -> Report:
    """What the holder of `certificate` says of itself.

    Raises
    ------
    ReportError
        If another said it, or it is no report.
    """
    _verify(body.signature, _PURPOSE + body.report.encode(), certificate)
    try:
        report = msgspec.json.decode(body.report, type=Report)
    except msgspec.DecodeError as error:
        raise ReportError(f"not a report: {error}") from None
    if report.node != body.node:
        raise ReportError("a report of another node")
    return report


def believe_renewing(body: RenewBody, certificate: x509.Certificate) -> str:
    """The serial of `certificate`, if its holder asks. Raises `ReportError`."""
    _verify(body.signature, _renewal(body.node, body.csr), certificate)
    return f"{certificate.serial_number:x}"


def _verify(signature: str, message: bytes, certificate: x509.Certificate) -> None:
    key = certificate.public_key()
    try:
        raw = base64.b64decode(signature, validate=True)
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(raw, message, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, Ed25519PublicKey):
            key.verify(raw, message)
        else:
            raise ReportError("this node's key is of another kind")
    except (InvalidSignature, binascii.Error):
        raise ReportError("not signed by this node's key") from None
