"""What a hub asks of an edge's receivers for a person, and the edge's answers; each is one MessagePack.

Each order is a lease: what is not asked for again within some seconds ends by itself, so that a hub that is
killed, or cut off, leaves nobody listening and no receiver away from its plan.

    AskListen ──> Sound, with a token     AskStare ──> Stared, with a token
    AskSound  ──> Sound, with frames      AskKeep  ──> Stared
    AskQuiet  ──> Sound                   AskRelease ──> Stared
"""

from __future__ import annotations

import msgspec


class AskListen(msgspec.Struct, frozen=True, tag="listen"):
    """Begin to listen to a channel, for `person`, who sits at `hub`."""

    sensor: str
    channel_hz: float
    mode: str
    person: str
    hub: str


class AskSound(msgspec.Struct, frozen=True, tag="sound"):
    """What has come since the last time; waited for."""

    token: str


class AskQuiet(msgspec.Struct, frozen=True, tag="quiet"):
    """The listener has gone."""

    token: str


ListenAsk = AskListen | AskSound | AskQuiet


class Frame(msgspec.Struct, frozen=True):
    """One piece of sound, or why there is none."""

    n_samples: int = 0
    """At `monitor.earphone.PCM_RATE_HZ`; none where there is no sound."""
    content: bytes = b""
    """As `monitor.link.sound` packs it; empty where all of it is silent."""
    away_hz: float | None = None
    is_silent: bool = False


class Sound(msgspec.Struct, frozen=True):
    token: str = ""
    first: int = 0
    """Number of the first piece of sound among `frames`, from 0 on: what is lost on the way shows."""
    frames: list[Frame] = []
    n_dropped: int = 0
    """Pieces of sound that the edge had to drop so far, because they were not taken in time."""
    is_over: bool = False
    """No more will come."""
    error: str | None = None


class AskStare(msgspec.Struct, frozen=True, tag="stare"):
    """Hold a receiver at a frequency, for `person`, who sits at `hub`."""

    sensor: str
    center_hz: float
    seconds: float
    person: str
    reason: str
    hub: str


class AskKeep(msgspec.Struct, frozen=True, tag="keep"):
    """It is still wanted."""

    token: str


class AskRelease(msgspec.Struct, frozen=True, tag="release"):
    """Back to its plan, whoever held it."""

    sensor: str
    person: str
    hub: str


StareAsk = AskStare | AskKeep | AskRelease


class Stared(msgspec.Struct, frozen=True):
    token: str = ""
    was_held: bool = False
    """What was to be kept, or let go, was there."""
    error: str | None = None
