"""What passes between edge and hub: subjects, and one struct a message. Fields are added, never renamed.

    examwatch.alerts.<node>     edge ─> JetStream    one alert, as `monitor.alert.wire` writes it
    examwatch.receipts.<node>   hub ─> edge          Receipt
    examwatch.ask.<node>        edge ─> a hub        Ask, answered by an Answer
    examwatch.health.<node>     edge ─> every hub    NodeReport
    examwatch.evidence.<node>   edge ─> a hub        a piece of a file, answered by a Kept
    examwatch.spectra.<node>    hub ─> edge          SpectraAsk (MessagePack), answered by a Piece or by Rows
    examwatch.listen.<node>     hub ─> edge          ListenAsk (MessagePack), answered by a Sound
    examwatch.stare.<node>      hub ─> edge          StareAsk (MessagePack), answered by a Stared

Where edge and hub are of different versions, each leaves out what it does not know.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from monitor.healthpart import Part
from monitor.server.spectrum_views import TemplateView
from monitor.server.views import HealthView

ROOT: Final = "examwatch"
HUBS: Final = "hubs"
"""The group of all hubs: a question is answered by one of them."""
CORRECTION: Final = "Examwatch-Correction-S"
"""Header: seconds to add to an alert's times."""
NODE: Final = "node"
"""Name in an alert's event: the edge that raised it, as the hub knows by the subject."""
DIGEST: Final = "Examwatch-Digest"
FILE: Final = "Examwatch-File"
FILE_BYTES: Final = "Examwatch-Bytes"
OFFSET: Final = "Examwatch-Offset"
"""Headers of a piece of evidence: the file's digest and name, size of the whole, where the piece begins."""
LISTEN: Final = "listen"
STARE: Final = "stare"
SURVEY: Final = "survey"
"""What an edge says that it can be asked for."""


def alerts(node: str) -> str:
    return f"{ROOT}.alerts.{node}"


def receipts(node: str) -> str:
    return f"{ROOT}.receipts.{node}"


def ask(node: str) -> str:
    return f"{ROOT}.ask.{node}"


def health(node: str) -> str:
    return f"{ROOT}.health.{node}"


def evidence(node: str) -> str:
    return f"{ROOT}.evidence.{node}"


def spectra(node: str) -> str:
    return f"{ROOT}.spectra.{node}"


def listen(node: str) -> str:
    return f"{ROOT}.listen.{node}"


def stare(node: str) -> str:
    return f"{ROOT}.stare.{node}"


def node_of(subject: str) -> str:
    return subject.rpartition(".")[2]


class Receipt(msgspec.Struct, frozen=True):
    """The hub's database has committed these alerts; or nobody can read them, and sending again is no use."""

    ids: list[str] = []
    refused: dict[str, str] = {}
    """Id to reason."""
    hub: str = ""
    """Who stored them: the other hubs have news to show then."""


class Ask(msgspec.Struct, frozen=True):
    """What time is it, and which of these alerts are committed?"""

    ids: list[str] = []


class Answer(msgspec.Struct, frozen=True):
    at: datetime
    """The hub's clock."""
    known: list[str] = []
    done_seq: int = 0
    """All of the stream up to here has been stored."""
    last_seq: int = 0
    """So far the stream goes; what has a higher number was lost with an earlier stream."""


class OutboxReport(msgspec.Struct, frozen=True):
    n_waiting: int
    n_bytes: int
    max_bytes: int
    oldest_at: datetime | None = None
    """When the longest waiting alert was put, by the edge's clock."""
    n_dropped: dict[str, int] = {}
    """Alerts given up for want of room, by level."""
    n_refused: int = 0
    n_evidence: int = 0
    """Files that still have to go."""


class NodeReport(msgspec.Struct, frozen=True):
    """How an edge is, every few seconds."""

    node: str
    role: str
    run: str
    """Another one after each start."""
    venue: str | None
    at: datetime
    """The edge's own clock."""
    offset_s: float | None
    """What the edge's clock is ahead of the hub's."""
    health: HealthView
    parts: list[Part]
    outbox: OutboxReport
    can: list[str] = []
    """What a hub may ask of it: `LISTEN`, `STARE`, `SURVEY`. Edges of earlier versions tell nothing."""


class Kept(msgspec.Struct, frozen=True):
    """The hub's answer to a piece of a file."""

    n_bytes: int
    """So much of it is there, without a hole: go on from here."""
    done: bool = False
    """All of it is there, and it is what its digest says."""
    error: str | None = None
    """It will never be taken."""


class AskPast(msgspec.Struct, frozen=True, tag="past"):
    """A stretch of what a sensor of the edge has heard; the edge may give fewer rows and bins."""

    sensor: str
    low_hz: float
    high_hz: float
    start: datetime
    end: datetime
    n_rows: int
    n_bins: int


class AskPiece(msgspec.Struct, frozen=True, tag="piece"):
    """More of the answer to an AskPast."""

    token: str
    offset: int


class AskRows(msgspec.Struct, frozen=True, tag="rows"):
    """The newest rows of a sensor's live spectrum; asked again and again while somebody looks."""

    sensor: str
    viewer: str
    """Which hub asks: each hears all rows."""


class AskSurvey(msgspec.Struct, frozen=True, tag="survey"):
    """What the site of a sensor sounded like at its survey, in the hour of the day nearest to `at`."""

    sensor: str
    low_hz: float
    high_hz: float
    n_bins: int
    at: datetime


SpectraAsk = AskPast | AskPiece | AskRows | AskSurvey


class Past(msgspec.Struct, frozen=True):
    """A stretch of spectrum; ``mean`` and ``max`` hold ``n_rows * n_bins`` codes of `sdr.codes`."""

    start: datetime
    step_s: float
    low_hz: float
    bin_hz: float
    n_rows: int
    n_bins: int
    code_1_db: float
    step_db: float
    mean: bytes
    max: bytes


class Piece(msgspec.Struct, frozen=True):
    """A part of a Past, in MessagePack and zlib."""

    token: str = ""
    """By which the rest is asked for."""
    n_bytes: int = 0
    """Of the whole."""
    content: bytes = b""
    error: str | None = None
    is_wrong: bool = False
    """The question was; to ask it again is no use."""


class Row(msgspec.Struct, frozen=True):
    started_at: datetime
    span_s: float
    low_hz: float
    bin_hz: float
    codes: bytes


class Rows(msgspec.Struct, frozen=True):
    """Sent in MessagePack and zlib."""

    rows: list[Row] = []
    error: str | None = None


class Survey(msgspec.Struct, frozen=True):
    """Answers an AskSurvey; sent in MessagePack and zlib."""

    template: TemplateView | None = None
    """None: the site was not surveyed."""
    error: str | None = None
