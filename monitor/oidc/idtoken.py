"""Whether an ID token is what it says (OpenID Connect Core 1.0, 3.1.3.7). Pure.

    header ──alg of ours? key of the provider?──> signature ──> iss aud azp exp iat nonce sub

Only signatures by a private key count: with `none` everyone could sign, and with HS256 everyone
who has read the public key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet, RSAKey
from joserfc.jws import JWSRegistry

ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA",
)  # fmt: skip
KINDS = ("RSA", "EC", "OKP")
LEEWAY_S = 60
"""How far the provider's clock may be from ours."""
MIN_RSA_BITS = 2048
"""RFC 7518, 3.3."""
MAX_HEADER_BYTES = 8192
MAX_SUBJECT = 255
"""OpenID Connect Core 1.0, 2."""


class TokenError(Exception):
    """The token is not what it should be; the message says what is wrong, and nothing of what is in it."""


class KeyChangedError(TokenError):
    """No key known so far fits: the provider may have new ones."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the token must say."""

    issuer: str
    client_id: str
    nonce: str
    begun_at: datetime
    """The token was made for a login that began then."""
    now: datetime


def read_keys(jwks: Mapping[str, Any]) -> KeySet:
    """The keys that may sign; what cannot be used is left out, as RFC 7517 has it."""
    listed = jwks.get("keys")
    rows: list[object] = listed if isinstance(listed, list) else []
    return KeySet([key for key in map(_key, rows) if key is not None])


def _key(row: object) -> Key | None:
    if not isinstance(row, dict) or row.get("kty") not in KINDS or row.get("use", "sig") != "sig":
        return None
    try:
        key = JWKRegistry.import_key({str(name): value for name, value in row.items()})
        if isinstance(key, RSAKey) and key.raw_value.key_size < MIN_RSA_BITS:
            return None
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return key


def claims_of(token: str, keys: KeySet, expected: Expected) -> dict[str, Any]:
    """What the token says, once it is known to be the provider's, for us, and for this login.

    Raises
    ------
    KeyChangedError
        If none of `keys` made its signature.
    TokenError
        For everything else.
    """
    registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    registry.max_header_length = MAX_HEADER_BYTES
    try:
        claims = jwt.decode(token, keys, registry=registry).claims
    except (InvalidKeyIdError, BadSignatureError) as error:
        raise KeyChangedError(_told(error)) from None
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise TokenError(_told(error)) from None
    now_s, begun_s = int(expected.now.timestamp()), int(expected.begun_at.timestamp())
    rules = jwt.JWTClaimsRegistry(
        now=now_s,
        leeway=LEEWAY_S,
        iss={"essential": True, "value": expected.issuer},
        aud={"essential": True, "value": expected.client_id},
        azp={"value": expected.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        rules.validate(claims)
    except JoseError as error:
        raise TokenError(_told(error)) from None
    if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and "azp" not in claims:
        raise TokenError("it is for several programs and does not say which asked (azp)")
    if claims["iat"] < begun_s - LEEWAY_S:
        raise TokenError("it is older than this login (iat)")
    if claims.get("nonce") != expected.nonce:
        raise TokenError("it was made for another login (nonce)")
    if len(claims["sub"]) > MAX_SUBJECT:
        raise TokenError("its subject is too long (sub)")
    return claims


def value_at(claims: Mapping[str, Any], name: str) -> object:
    """A claim by its name, or by its path with dots: ``realm_access.roles``. None where there is none."""
    if name in claims:
        return claims[name]
    found: object = claims
    for step in name.split("."):
        if not isinstance(found, dict):
            return None
        found = found.get(step)
    return found


def texts_at(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    """The texts of a claim that is a list of them, or one alone."""
    found = value_at(claims, name)
    if isinstance(found, str):
        return frozenset({found})
    rows: Iterable[object] = found if isinstance(found, list) else ()
    return frozenset(one for one in rows if isinstance(one, str))


def _told(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__
