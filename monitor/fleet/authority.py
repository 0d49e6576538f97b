"""A small certificate authority: it signs what the hub has let in, and nothing else.

A node's certificate is for clients alone and a server's for servers alone, so that no sensor can
stand in for the hub. Its name in DNS form, ``SERIAL.NODE.node``, is what NATS maps to permissions:
with the serial in it, one certificate is shut out without touching a later one of the same node.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from monitor.faults import WorldError
from monitor.fleet.files import write_private

NODE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
"""One word of a NATS subject, one label of a name."""
RESERVED = frozenset({"hub"})
LASTS = timedelta(days=3650)
"""Of the authority itself; ten school years."""
SKEW = timedelta(days=1)
"""A machine whose clock is a little behind still accepts a new certificate."""
HUB = "hub"
LEAF = "leaf-"
"""The beginning of a name of a NATS server at a venue, which passes on what the sensors there say."""
PrivateKey = ec.EllipticCurvePrivateKey
PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


class RequestError(Exception):
    """A signing request that is none, in one line."""


class Authority:
    """Its key signs; see `open_authority`."""

    def __init__(self, key: PrivateKey, certificate: x509.Certificate) -> None:
        self.key = key
        self.certificate = certificate

    @property
    def pem(self) -> str:
        return pem_of(self.certificate)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def sign_client(
        self, key: PublicKey, node: str, venue: str, now: datetime, lasts: timedelta
    ) -> x509.Certificate:
        """A certificate for the node that holds the private half of `key`."""
        serial = secrets.randbits(63) | 1 << 63
        names: list[x509.GeneralName] = [x509.DNSName(user_of(f"{serial:x}", node))]
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
        if node.startswith(LEAF):
            # It is a server, too, for the sensors of its venue, which reach it under its name.
            names.append(x509.DNSName(node))
            usages.append(ExtendedKeyUsageOID.SERVER_AUTH)
        return self._sign(key, node, venue, names, serial, usages, now, lasts)

    def sign_server(
        self, key: PublicKey, names: Sequence[str], now: datetime, lasts: timedelta = LASTS
    ) -> x509.Certificate:
        """A certificate for a server that answers under `names`, host names or addresses."""
        serial = secrets.randbits(63) | 1 << 63
        return self._sign(key, names[0], "server", [_general_name(one) for one in names], serial,
                          [ExtendedKeyUsageOID.SERVER_AUTH], now, lasts)  # fmt: skip

    def _sign(
        self,
        key: PublicKey,
        common: str,
        unit: str,
        names: list[x509.GeneralName],
        serial: int,
        usages: list[x509.ObjectIdentifier],
        now: datetime,
        lasts: timedelta,
    ) -> x509.Certificate:
        ends_at = min(now + lasts, self.certificate.not_valid_after_utc)
        authority_key = self.key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(_name(common, unit))
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .serial_number(serial)
            .not_valid_before(now - SKEW)
            .not_valid_after(ends_at)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key), critical=False)
            .sign(self.key, hashes.SHA256())
        )


def open_authority(folder: Path, site: str, now: datetime) -> Authority:
    """The authority kept in `folder` (``ca.key``, ``ca.pem``); it is made where there is none.

    Raises
    ------
    WorldError
        If it cannot be read or made, or holds something else.
    """
    key_file, certificate_file = folder / "ca.key", folder / "ca.pem"
    try:
        if key_file.exists():
            key = read_key(key_file)
            certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
            if certificate.public_key() != key.public_key():
                raise WorldError(f"{certificate_file}: is not of the key {key_file}")
            return Authority(key, certificate)
    except (OSError, ValueError) as error:
        raise WorldError(f"{folder}: the authority cannot be read: {error}") from None
    key = ec.generate_private_key(ec.SECP256R1())
    made = (
        x509.CertificateBuilder()
        .subject_name(_name(f"examwatch {site}", "authority"))
        .issuer_name(_name(f"examwatch {site}", "authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_SIGNS_ALONE, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    # The key last: where it is, the certificate is, too.
    write_private(certificate_file, pem_of(made).encode())
    write_private(key_file, key_pem(key))
    return Authority(key, made)


_SIGNS_ALONE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def user_of(serial: str, node: str) -> str:
    """The name under which NATS knows the holder of a certificate."""
    return f"{serial}.{node}.node"


def serial_of(certificate: x509.Certificate) -> str:
    return f"{certificate.serial_number:x}"


def new_key() -> PrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def read_key(file: Path) -> PrivateKey:
    """Raises `ValueError` or `OSError`."""
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{file} holds a key of another kind")
    return key


def pem_of(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def signing_request(key: PrivateKey) -> str:
    """What a node sends to be let in, as PEM. Whom it is for, the code says and not the request."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name("node", "request"))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def requested_key(pem: str) -> PublicKey:
    """The key that a signing request shows and proves to hold. Raises `RequestError`."""
    try:
        request = x509.load_pem_x509_csr(pem.encode())
        key = request.public_key()
        genuine = request.is_signature_valid
    except ValueError as error:
        raise RequestError(f"not a signing request: {error}") from None
    if not isinstance(key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        raise RequestError("a node's key is Ed25519 or on a NIST curve")
    if not genuine:
        raise RequestError("the signing request is not signed by its own key")
    return key


def key_bytes(key: PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _name(common: str, unit: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "examwatch"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
