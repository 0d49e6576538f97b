"""What a node and its hub say to each other when it is let in, and the proof of each. Pure.

    node                                             hub
    CSR, signed by the key that the code holds  ──>  is the code known, young, unused?
    is this the authority that the code pins?   <──  certificate and the rest, signed by the authority

Neither side trusts whatever carries this: a proxy, a captive portal, plain HTTP.
"""

from __future__ import annotations

import base64

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from monitor.alert import wire
from monitor.fleet.authority import Authority, PrivateKey, RequestError
from monitor.fleet.code import Code, digest_of
from monitor.server.views import View

PURPOSE = b"examwatch enrol 1\n"


class EnrolBody(View, frozen=True, kw_only=True):
    """A machine asks to be let in."""

    key: str
    """Public half of the code's key, 64 hex digits."""
    csr: str
    """Signing request as PEM."""
    signature: str
    """Over the request, by the code's key; base64."""


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """What a machine that was let in is told."""

    node: str
    venue: str
    certificate: str
    authority: str
    servers: list[str]
    """Addresses of NATS."""
    release_key: str
    """PEM of the public key by which releases are signed."""


class EnrolView(View, frozen=True, kw_only=True):
    """The answer: signed as it stands, so that fields of a newer hub do not break an older node."""

    told: str
    """`Granted` as JSON."""
    signature: str
    """Over ``told``, by the authority; base64."""


class AnswerError(Exception):
    """The hub's answer is not to be believed; one line says why."""


def ask(code: Code, csr: str) -> EnrolBody:
    signature = code.key.sign(PURPOSE + csr.encode())
    key = code.key.public_key().public_bytes_raw().hex()
    return EnrolBody(key=key, csr=csr, signature=base64.b64encode(signature).decode())


def code_digest_of(body: EnrolBody) -> str:
    """Which code `body` was signed with. Raises `RequestError` if it was not signed by the key it names."""
    try:
        raw = bytes.fromhex(body.key)
        signature = base64.b64decode(body.signature, validate=True)
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, PURPOSE + body.csr.encode())
    except (ValueError, InvalidSignature):
        raise RequestError("the request is not signed by the code's key") from None
    return digest_of(raw)


def sealed(granted: Granted, authority: Authority) -> EnrolView:
    """`granted` with the authority's signature."""
    told = wire.canonical(granted)
    signature = authority.key.sign(PURPOSE + told.encode(), ec.ECDSA(hashes.SHA256()))
    return EnrolView(told=told, signature=base64.b64encode(signature).decode())


def believe(answer: EnrolView, code: Code, key: PrivateKey) -> Granted:
    """What `answer` tells, if it is from the hub that made `code` and its certificate is for `key`.

    Raises
    ------
    AnswerError
        Otherwise.
    """
    granted, authority = _read(answer)
    if not code.pins(authority.public_bytes(serialization.Encoding.DER)):
        raise AnswerError("another hub answered than the one that made the code")
    return _genuine(answer, granted, authority, key)


def believe_renewed(answer: EnrolView, authority_pem: bytes, key: PrivateKey) -> Granted:
    """What `answer` tells, if it is from the hub of that authority and its certificate is for `key`.

    Raises
    ------
    AnswerError
        Otherwise.
    """
    granted, authority = _read(answer)
    if authority != x509.load_pem_x509_certificate(authority_pem):
        raise AnswerError("another hub answered than the one that let this node in")
    return _genuine(answer, granted, authority, key)


def _read(answer: EnrolView) -> tuple[Granted, x509.Certificate]:
    try:
        granted = msgspec.json.decode(answer.told, type=Granted)
        return granted, x509.load_pem_x509_certificate(granted.authority.encode())
    except (msgspec.DecodeError, ValueError) as error:
        raise AnswerError(f"the answer cannot be read: {error}") from None


def _genuine(answer: EnrolView, granted: Granted, authority: x509.Certificate, key: PrivateKey) -> Granted:
    signer = authority.public_key()
    if not isinstance(signer, ec.EllipticCurvePublicKey):
        raise AnswerError("the hub's authority has a key of another kind")
    try:
        signature = base64.b64decode(answer.signature, validate=True)
        signer.verify(signature, PURPOSE + answer.told.encode(), ec.ECDSA(hashes.SHA256()))
        certificate = x509.load_pem_x509_certificate(granted.certificate.encode())
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        raise AnswerError("the answer was changed on its way") from None
    if certificate.public_key() != key.public_key():
        raise AnswerError("the certificate is for another key")
    return granted
