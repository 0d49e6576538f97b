"""The sections of a configuration, strictly typed. Each default stands here, once.

A relative path starts from the configuration's own folder, which comes as ``base`` in the
validation context. Secrets stand in files of their own (``*_file``), never here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
)

from crawlers.config import CrawlSettings
from monitor.config.desk import Audit, Cases, DepartmentEntry, Retention, TestSignals
from monitor.config.duty import Duty
from monitor.config.fleet import Fleet
from monitor.config.link import Link
from monitor.config.map import Map, Position
from monitor.config.notify import Deadman, Notify
from monitor.config.people import People
from monitor.paths import ExistingPath, FilePath, Id, Strict, existing, resolved
from sdr.units import parse_band, parse_frequency


def _source(spec: str, info: ValidationInfo) -> str:
    """`spec` with its path made absolute, where it has one."""
    scheme, colon, rest = spec.partition(":")
    if spec.startswith(RECEIVERS):
        return spec
    if not colon:
        return str(existing(Path(spec), info))
    return f"{scheme}:{existing(Path(rest), info)}"


def _sqlite(url: str, info: ValidationInfo) -> str:
    scheme, _, path = url.partition(":")
    return f"sqlite:{resolved(Path(path), info)}" if scheme == "sqlite" and path else url


def _store(url: str, info: ValidationInfo) -> str:
    if not url.startswith(("sqlite:", "postgresql://")):
        raise ValueError(f"no store of kind '{url.partition(':')[0]}:' (sqlite: or postgresql:)")
    if urlsplit(url).password is not None:
        raise ValueError("a password stands in password_file, not in the URL")
    return _sqlite(url, info)


def _queue(url: str, info: ValidationInfo) -> str:
    if not url.startswith("sqlite:") and url not in ("memory:", "nats:"):
        raise ValueError(f"no queue of kind '{url.partition(':')[0]}:' (sqlite:, memory: or nats:)")
    return _sqlite(url, info)


def _frequency(value: Any) -> Any:
    return parse_frequency(value) if isinstance(value, str) else value


def _band(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("a band is written LOW:HIGH, such as 433M:435M")
    low_hz, high_hz = parse_band(value)
    return {"low_hz": low_hz, "high_hz": high_hz}


Frequency = Annotated[float, BeforeValidator(_frequency)]


RECEIVERS = ("rtl:", "tcp:")


class Both(Strict):
    """A text for people, in both languages."""

    en: str
    zh: str

    def of(self, language: Literal["zh", "en"]) -> str:
        return self.zh if language == "zh" else self.en


class Site(Strict):
    """Who this installation is."""

    id: Id = "site"
    name: Both = Both(en="Exam monitor", zh="考试监测")


class Server(Strict):
    """Where the console and the API are served."""

    host: str = "127.0.0.1"
    port: int = Field(default=8440, ge=0, le=65535)
    """0 takes any free port and says which."""
    allowed_hosts: tuple[str, ...] = ()
    """Names under which browsers may open the console, beside this machine's own."""


class Queue(Strict):
    """Where raised alerts wait until they are stored."""

    url: Annotated[str, AfterValidator(_queue)] = "sqlite:"
    """``sqlite:PATH``, or ``memory:`` for tests; ``sqlite:`` alone is ``queue.db`` in ``data_dir``.

    ``nats:`` is the stream of ``link``: it holds what its server's disk holds.
    """


class Store(Strict):
    """Where alerts, their history and the audit chain are kept."""

    url: Annotated[str, AfterValidator(_store)] = "sqlite:"
    """``sqlite:PATH`` or ``postgresql://…``; ``sqlite:`` alone is ``store.db`` in ``data_dir``."""
    password_file: ExistingPath | None = None
    """Of the PostgreSQL user; a password never stands in the URL."""


class Rules(Strict):
    dirs: tuple[ExistingPath, ...] = ()
    """Folders of rules; none means the library that comes with the program."""
    exceptions: ExistingPath | None = None
    """Known signals, sites and words, each with its reason, author and end."""


class BankFiles(Strict):
    """The fingerprints of secret items, as `examwatch bank build` wrote them."""

    file: ExistingPath
    key_file: ExistingPath


class Band(Strict):
    """What a sensor listens to."""

    low_hz: float
    high_hz: float


class History(Strict):
    """How much of the spectrum's past is kept, of each sensor."""

    days: float = Field(default=30, gt=0, le=3650)
    max_gb: float = Field(default=4, gt=0)
    """Gigabytes of 10^9; the oldest goes first."""


class Evidence(Strict):
    """How long clips, pictures and pages are kept, and how much of them."""

    days: float = Field(default=400, gt=0)
    """Of what an alert carries: an exam comes once a year."""
    unalerted_hours: float = Field(default=24, ge=1)
    """Of clips that raised no alert."""
    photo_days: float = Field(default=90, gt=0)
    """Of a post's photos that an alert carries: they show names, which go as soon."""
    max_gb: float = Field(default=50, gt=0)
    """Gigabytes of 10^9; the oldest without an alert goes first, then the oldest."""


class Replay(Strict):
    """How a recording plays when it stands in for a receiver."""

    loop: bool = False
    paced: bool = True
    """At the speed at which it was recorded, instead of as fast as it can be read."""


class Sensor(Strict):
    id: Id
    venue: str | None = None
    """One of the timetable's venues: its sessions are this sensor's."""
    position: Position | None = None
    """Where its antenna stands: for the map, and to tell where a sender may be."""
    offset_db: float = Field(default=0.0, ge=-60, le=60)
    """What it reads too high beside the others, as a test sender of one level tells."""
    source: Annotated[str, AfterValidator(_source)]
    """``rtl:0``, ``tcp://host:port``, a recording, ``synth:WORLD.yml``."""
    bands: tuple[Annotated[Band, BeforeValidator(_band)], ...] = ()
    """None: all that the source shows without tuning."""
    share: Id | None = None
    """Receivers that name the same one watch their bands together: some stare, the others sweep the rest."""
    dwell_s: float | None = Field(default=None, gt=0, le=600)
    gain_db: float | None = Field(default=None, ge=0, le=100)
    """None leaves automatic gain on; levels then do not compare."""
    ppm: int | None = Field(default=None, ge=-1000, le=1000)
    rate_hz: Frequency | None = None
    center_hz: Frequency | None = None
    """Of a recording that does not say so itself."""
    baseline: ExistingPath | None = None
    """The site's template, as `examwatch survey` wrote it."""
    probe_ghosts: bool = True
    """Move a receiver for 0.2 s when something new appears, to tell a sender from what the receiver makes."""
    replay: Replay = Replay()

    @property
    def is_receiver(self) -> bool:
        """A dongle, here or elsewhere, and nothing that is played."""
        return self.source.startswith(RECEIVERS)


class Tips(Strict):
    """The public form for tips, on an address of its own."""

    source: Id
    """The source of kind ``tips`` whose box it fills."""
    host: str = "127.0.0.1"
    port: int = Field(default=8442, ge=0, le=65535)


class Demo(Strict):
    """A forum and a feed on this machine, so that a demo needs no network."""

    posts: ExistingPath
    port: int = Field(default=8441, ge=0, le=65535)


class Config(Strict):
    site: Site = Site()
    language: Literal["zh", "en"] = "zh"
    """Of texts that nobody has chosen a language for."""
    auth: Literal["on", "off"] = "on"
    """``off`` lets whoever sits at this machine do all: for a demo on loopback alone."""
    people: People = People()
    data_dir: FilePath
    server: Server = Server()
    queue: Queue = Queue()
    store: Store = Store()
    timetable: FilePath | None = None
    rules: Rules = Rules()
    bandplan: FilePath | None = None
    bank: BankFiles | None = None
    sensors: tuple[Sensor, ...] = ()
    history: History = History()
    evidence: Evidence = Evidence()
    crawl: CrawlSettings = CrawlSettings()
    sources: tuple[dict[str, Any], ...] = ()
    """Read by `crawlers.config`, which knows the kinds."""
    tips: Tips | None = None
    deadman: Deadman | None = None
    """Hears from us as long as all goes well."""
    notify: Notify | None = None
    """Who is told, beside who looks at the console."""
    departments: tuple[DepartmentEntry, ...] = ()
    """Of the joint duty room; none: the usual ones."""
    cases: Cases = Cases()
    duty: Duty | None = None
    """Who is on duty, and who is told when nobody has seen an alert."""
    audit: Audit = Audit()
    fleet: Fleet | None = None
    """Where nodes belong to this hub."""
    retention: Retention = Retention()
    test_signals: tuple[TestSignals, ...] = ()
    """Drills on schedule, to prove that the whole chain works."""
    map: Map = Map()
    demo: Demo | None = None
    link: Link | None = None
    """Between sensors, crawlers and their hub, where they are not one process."""

    @property
    def node(self) -> str:
        """This process, in the whole province."""
        named = self.link.node if self.link is not None else None
        return named or self.site.id.replace(".", "-")

    @property
    def drill_dir(self) -> Path:
        return self.data_dir / "drills"

    @property
    def history_dir(self) -> Path:
        return self.data_dir / "history"

    @property
    def queue_url(self) -> str:
        """With the place that ``sqlite:`` alone stands for."""
        return f"sqlite:{self.data_dir / 'queue.db'}" if self.queue.url == "sqlite:" else self.queue.url

    @property
    def crawl_url(self) -> str:
        """With the place that ``sqlite:`` alone stands for."""
        url = self.crawl.memory
        return f"sqlite:{self.data_dir / 'crawl.db'}" if url == "sqlite:" else url

    @property
    def store_url(self) -> str:
        """With the place that ``sqlite:`` alone stands for."""
        return f"sqlite:{self.data_dir / 'store.db'}" if self.store.url == "sqlite:" else self.store.url
