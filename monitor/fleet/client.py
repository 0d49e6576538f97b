"""What a node says to its hub over HTTP."""

from __future__ import annotations

from importlib.metadata import version

import aiohttp
import msgspec

from monitor.faults import WorldError
from monitor.fleet.authority import PrivateKey, signing_request
from monitor.fleet.code import Code
from monitor.fleet.exchange import AnswerError, EnrolView, Granted, ask, believe, believe_renewed
from monitor.fleet.follower import Fares
from monitor.fleet.identity import Identity
from monitor.fleet.report import Report, ReportView, renewing, signed

TIMEOUT_S = 60.0
MAX_ANSWER = 64 << 20


async def enrol(hub: str, code: Code, key: PrivateKey) -> Granted:
    """Be let in by the hub that made `code`.

    Raises
    ------
    WorldError
        If the hub cannot be reached, refuses, or is another than the code's.
    """
    body = msgspec.json.encode(ask(code, signing_request(key)))
    async with aiohttp.ClientSession() as session:
        raw = await post(session, f"{hub.rstrip('/')}/api/enrol", body)
    try:
        answer = msgspec.json.decode(raw, type=EnrolView)
        return believe(answer, code, key)
    except msgspec.DecodeError as error:
        raise WorldError(f"{hub}: answers, but is no hub: {error}") from None
    except AnswerError as error:
        raise WorldError(f"{hub}: {error}") from None


async def post(session: aiohttp.ClientSession, url: str, body: bytes) -> bytes:
    """The answer to `body`; what it proves is in it and not in who carried it, so any TLS will do.

    Raises
    ------
    WorldError
        If there is no answer, or a refusal.
    """
    headers = {"Content-Type": "application/json"}
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with session.post(url, data=body, headers=headers, ssl=False, timeout=timeout) as answer:
            raw = bytearray()
            async for part in answer.content.iter_chunked(1 << 16):
                raw += part
                if len(raw) > MAX_ANSWER:
                    raise WorldError(f"{url}: the answer is longer than {MAX_ANSWER} bytes")
            if answer.status != 200:
                raise WorldError(f"{url}: refused ({answer.status}): {_detail(bytes(raw))}")
            return bytes(raw)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise WorldError(f"{url}: {error or type(error).__name__}") from None


def _detail(raw: bytes) -> str:
    try:
        return str(msgspec.json.decode(raw)["detail"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return raw[:200].decode("utf-8", "replace").strip()


async def report(session: aiohttp.ClientSession, who: Identity, said: Report) -> ReportView:
    """Tell the hub how this node fares. Raises `WorldError`."""
    url = f"{who.told.hub.rstrip('/')}/api/fleet/reports"
    raw = await post(session, url, msgspec.json.encode(signed(said, who.sign)))
    try:
        return msgspec.json.decode(raw, type=ReportView)
    except msgspec.DecodeError as error:
        raise WorldError(f"{url}: {error}") from None


async def renew(session: aiohttp.ClientSession, who: Identity, key: PrivateKey) -> Granted:
    """A certificate for `key`, the one that this node will have next.

    Raises
    ------
    WorldError
        If the hub cannot be reached, refuses, or is another than the one that let this node in.
    """
    url = f"{who.told.hub.rstrip('/')}/api/fleet/certificates"
    body = renewing(who.told.node, signing_request(key), who.sign)
    raw = await post(session, url, msgspec.json.encode(body))
    try:
        answer = msgspec.json.decode(raw, type=EnrolView)
        return believe_renewed(answer, (who.folder / "ca.pem").read_bytes(), key)
    except (msgspec.DecodeError, AnswerError, OSError, ValueError) as error:
        raise WorldError(f"{url}: {error}") from None


async def probe(session: aiohttp.ClientSession, url: str) -> Fares:
    """What the daemon of this machine says of itself; nothing is an answer, too."""
    ours = version("examwatch")
    try:
        async with session.get(url, timeout=aiohttp.ClientTimeout(total=10)) as answer:
            told = msgspec.json.decode(await answer.read(), type=_Health)
    except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError) as error:
        return Fares("down", ours, f"{url}: {error or type(error).__name__}"[:500])
    return Fares("ok" if told.status == "ok" else "degraded", ours)


class _Health(msgspec.Struct):
    status: str
