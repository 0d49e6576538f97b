"""Which tokens of a provider let nobody in, and which keys sign them."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from monitor.oidc.idtoken import LEEWAY_S
from tests.oidcprovider import new_key, unsigned
from tests.unit.monitor.server.conftest import NOON

BAD = {
    "nonce": {"nonce": "of another login"},
    "no nonce": {"nonce": None},
    "issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "audience": {"aud": "another-client"},
    "no audience": {"aud": None},
    "several and nobody asked": {"aud": ["examwatch", "other"]},
    "asked by another": {"aud": ["examwatch", "other"], "azp": "other"},
    "alone, asked by another": {"azp": "other"},
    "expired": {"exp": int(NOON.timestamp()) - LEEWAY_S - 1},
    "no expiry": {"exp": None},
    "expiry that is text": {"exp": "2099"},
    "expiry that is no number": {"exp": float("nan")},
    "from the future": {"iat": int(NOON.timestamp()) + LEEWAY_S + 1},
    "from before this login": {"iat": int(NOON.timestamp()) - LEEWAY_S - 1},
    "no time": {"iat": None},
    "no subject": {"sub": None},
    "empty subject": {"sub": ""},
    "long subject": {"sub": "x" * 256},
    "subject that is a number": {"sub": 7},
}


@pytest.mark.parametrize("name", list(BAD))
async def test_a_token_that_says_something_wrong_lets_nobody_in(house, name):
    house.little.claims = BAD[name]
    assert await house.log_in("/cases") == "/cases?login=oidc-failed"
    assert await house.session() is None
    assert [one.name for one in house.register.everyone()] == ["root"]
    (entry,) = house.entries("user.login-refused")
    assert (entry["subject"], entry["body"]["reason"]) == ("", "failed")


@pytest.mark.parametrize(
    "good",
    [
        {"exp": int(NOON.timestamp()) - LEEWAY_S + 1, "iat": int(NOON.timestamp()) + LEEWAY_S},
        {"aud": ["other", "examwatch"], "azp": "examwatch"},
        {"aud": ["examwatch"]},
    ],
)
async def test_a_clock_that_is_a_little_off_and_an_audience_of_several_are_fine(house, good):
    house.little.claims = good
    assert await house.log_in() == "/"


def _none(_house, claims):
    return unsigned({"alg": "none"}, claims)


def _hmac_of_public_key(house, claims):
    """Signed with what everyone can read: works where the alg of the token decides what a key is."""
    pem = house.little.key.as_pem(private=False)
    head, body, _ = unsigned({"alg": "HS256", "kid": "first"}, claims).split(".")
    seal = hmac.new(pem, f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{unsigned({}, {}, seal).split('.')[2]}"


def _hmac_of_secret(_house, claims):
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("s:e/cret 统一" * 3), algorithms=["HS256"])


def _own_key_in_header(_house, claims):
    key = new_key("first")
    return jwt.encode({"alg": "ES256", "kid": "first", "jwk": key.as_dict(private=False)}, claims, key)


def _unknown_key(_house, claims):
    return jwt.encode({"alg": "ES256", "kid": "elsewhere"}, claims, new_key("elsewhere"))


def _cut(house, claims):
    return house.little._sign(claims)[:-4] + "AAAA"


def _changed(house, claims):
    head, _, seal = house.little._sign(claims).split(".")
    body = unsigned({}, claims | {"groups": ["exam-admins"]}).split(".")[1]
    return f"{head}.{body}.{seal}"


def _rubbish(_house, _claims):
    return "not.a.token"


def _list(house, _claims):
    from joserfc import jws

    return jws.serialize_compact({"alg": "ES256", "kid": "first"}, b"[1]", house.little.key)


@pytest.mark.parametrize(
    "sign",
    [
        _none, _hmac_of_public_key, _hmac_of_secret, _own_key_in_header, _unknown_key, _cut, _changed,
        _rubbish, _list,
    ],
)  # fmt: skip
async def test_a_token_that_the_providers_keys_did_not_sign_lets_nobody_in(house, sign):
    house.little.sign = lambda claims: sign(house, claims)
    assert await house.log_in() == "/?login=oidc-failed"
    assert await house.session() is None


async def test_a_new_key_of_the_provider_is_fetched_once_and_an_old_one_counts_no_more(house):
    await house.log_in()
    await house.log_in()
    assert house.little.asked["/keys"] == 1
    old, house.little.key = house.little.key, new_key("second")
    house.little.published = [house.little.key]
    assert await house.log_in() == "/"
    assert house.little.asked["/keys"] == 2
    house.little.key = old
    assert await house.log_in() == "/?login=oidc-failed"
    assert house.little.asked["/keys"] == 3


@pytest.mark.parametrize(
    ("alg", "n_bits", "end"),
    [("RS256", 2048, "/"), ("PS256", 2048, "/"), ("RS256", 1024, "/?login=oidc-failed")],
)
@pytest.mark.filterwarnings("ignore:Key size should be")
async def test_rsa_is_as_good_unless_its_key_is_short(house, alg, n_bits, end):
    house.little.key = RSAKey.generate_key(n_bits, {"kid": "rsa"}, private=True)
    house.little.alg, house.little.published = alg, [house.little.key]
    assert await house.log_in() == end


async def test_keys_for_other_uses_and_kinds_beside_the_right_one_do_no_harm(house):
    good = house.little.key.as_dict(private=False)
    rows = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "first"},
        {**good, "use": "enc"},
        {"kty": "AKP", "kid": "new"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        7,
        good,
    ]
    house.little.instead["/keys"] = {"keys": rows}
    assert await house.log_in() == "/"
