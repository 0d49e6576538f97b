"""An alert as bytes and back: one JSON object, its keys in order, so that its digest means something."""

from __future__ import annotations

import hashlib
import re
from typing import Any, cast

import msgspec
import numpy as np

from monitor.alert.alert import Alert

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Alert)
_NUL = b"\\u0000"
_UNSOUND = re.compile("[\0\ud800-\udfff]")


def encode(alert: Alert) -> bytes:
    """As UTF-8 JSON, `sound`."""
    body = _as_it_is(alert)
    return _encoder.encode(_mend(alert)) if body is None else body


def sound(alert: Alert) -> Alert:
    """`alert` with U+FFFD, one for one, for NUL and halves of characters.

    PostgreSQL takes no NUL and UTF-8 no half, and strangers write both: one post must not keep the
    alerts of all others out of the store.
    """
    return _mend(alert) if _as_it_is(alert) is None else alert


def _as_it_is(alert: Alert) -> bytes | None:
    try:
        body = _encoder.encode(alert)
    except UnicodeEncodeError:
        return None
    return None if _NUL in body else body


def _mend(alert: Alert) -> Alert:
    return msgspec.convert(_mended(msgspec.to_builtins(alert)), Alert)


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return _UNSOUND.sub("\ufffd", value)
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        return {_mended(name): _mended(one) for name, one in pairs}
    return [_mended(one) for one in cast("list[Any]", value)] if isinstance(value, list) else value


def decode(body: bytes | str) -> Alert:
    """
    Raises
    ------
    msgspec.DecodeError
        If `body` is not an alert.
    """
    return _decoder.decode(body)


def plain(value: Any) -> Any:
    """`value` as JSON knows it: text, numbers, lists, mappings. The numbers of numpy become plain ones."""
    return msgspec.to_builtins(value, enc_hook=_plain_number)


def _plain_number(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(f"{type(value).__name__} has no place in an alert")


def canonical(value: Any) -> str:
    """The one JSON text of `value`: sorted keys, no spaces, UTF-8."""
    return _encoder.encode(value).decode()


def digest(text: str | bytes) -> str:
    """``sha256:`` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()
