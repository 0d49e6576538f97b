"""Files go to the hub piece by piece; the broker is left out: a piece is handed over at once."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace

import msgspec
import pytest

from monitor.alert.alert import EvidenceRef
from monitor.clock import FakeClock, SystemClock
from monitor.evidence import EvidenceStore
from monitor.link import evidence_in, evidence_out, words
from monitor.link.bus import LinkError
from monitor.link.evidence_in import Piece, take
from monitor.link.evidence_out import Budget, EvidenceShipper
from monitor.link.outbox import Outbox
from monitor.link.stamp import Stamp
from monitor.photos import is_photo
from tests.unit.monitor.conftest import NOON, make_alert


class Wire:
    """A bus that leads straight into the hub's folder, and can be broken."""

    def __init__(self, root) -> None:
        self._root = root
        self.fails_after: int | None = None
        self.sent: list[tuple[str, int]] = []

    async def request(self, subject, body, timeout_s, headers):
        if self.fails_after is not None and len(self.sent) >= self.fails_after:
            raise LinkError("cut")
        if body:
            self.sent.append((headers[words.FILE], int(headers[words.OFFSET])))
        piece = Piece(
            headers[words.DIGEST],
            headers[words.FILE],
            int(headers[words.FILE_BYTES]),
            int(headers[words.OFFSET]),
            body,
        )
        return SimpleNamespace(data=msgspec.json.encode(take(self._root, piece)))


@pytest.fixture
async def edge(tmp_path):
    outbox = Outbox.open(tmp_path / "outbox.db", 10**9, lambda: Stamp(NOON, 0.0, "b"))
    wire = Wire(tmp_path / "hub")
    (tmp_path / "edge").mkdir()

    def start() -> EvidenceShipper:
        budget = Budget(1e9, SystemClock())
        return EvidenceShipper(outbox, tmp_path / "edge", wire, "n", 1e9, budget, SystemClock())

    async def keep(content: bytes, level: str) -> str:
        digest = hashlib.sha256(content).hexdigest()
        path = f"{digest}.flac"
        (tmp_path / "edge" / path).write_bytes(content)
        ref = EvidenceRef(f"sha256:{digest}", "audio/flac", "audio", path, len(content), NOON)
        await outbox.put([make_alert(path, level=level, evidence=[ref])])
        return path

    yield SimpleNamespace(
        keep=keep, start=start, wire=wire, outbox=outbox, here=tmp_path / "edge", hub=tmp_path / "hub"
    )
    await outbox.close()


async def drain(shipper: EvidenceShipper) -> None:
    while await shipper.step():
        pass


async def test_a_file_arrives_whole_and_its_copy_stays_until_then(edge, monkeypatch):
    monkeypatch.setattr(evidence_out, "LARGEST_PIECE", 1000)
    content = bytes(range(256)) * 20
    path = await edge.keep(content, "high")
    await drain(edge.start())
    assert (edge.hub / path).read_bytes() == content
    assert [offset for _, offset in edge.wire.sent] == [0, 1000, 2000, 3000, 4000, 5000]
    assert await edge.outbox.next_parcel() is None
    assert [file.name for file in edge.hub.iterdir()] == [path]


async def test_after_a_break_and_a_restart_it_goes_on_where_it_was(edge, monkeypatch):
    monkeypatch.setattr(evidence_out, "LARGEST_PIECE", 1000)
    path = await edge.keep(b"x" * 5000, "high")
    edge.wire.fails_after = 3
    with pytest.raises(LinkError):
        await drain(edge.start())
    edge.wire.fails_after = None
    await drain(edge.start())
    assert [offset for _, offset in edge.wire.sent] == [0, 1000, 2000, 3000, 4000]
    assert (edge.hub / path).stat().st_size == 5000


async def test_a_graver_alerts_file_overtakes(edge, monkeypatch):
    monkeypatch.setattr(evidence_out, "LARGEST_PIECE", 1000)
    slow = await edge.keep(b"s" * 3000, "low")
    shipper = edge.start()
    for _ in range(2):
        await shipper.step()
    grave = await edge.keep(b"g" * 1500, "critical")
    await drain(shipper)
    assert [name for name, _ in edge.wire.sent] == [slow, grave, grave, slow, slow]


async def test_what_is_not_what_its_name_says_never_enters_and_is_given_up(edge):
    path = await edge.keep(b"right", "high")
    (edge.here / path).write_bytes(b"wrong")
    shipper = edge.start()
    await drain(shipper)
    assert shipper.counts.n_given_up == 1
    assert len(edge.wire.sent) == evidence_out.MAX_MISFITS
    assert list(edge.hub.iterdir()) == []


async def test_a_file_that_is_gone_is_counted_and_left(edge):
    path = await edge.keep(b"gone", "high")
    (edge.here / path).unlink()
    shipper = edge.start()
    await drain(shipper)
    assert shipper.counts.n_gone == 1


@pytest.mark.parametrize(
    ("path", "n_bytes", "error"),
    [
        ("../../etc/passwd", 5, "no name of evidence"),
        ("a" * 64 + ".png", 5, "no name of evidence"),
        ("DIGEST.png/../x", 5, "no name of evidence"),
        ("DIGEST.png", evidence_in.MAX_BYTES + 1, "too large"),
        ("DIGEST.png", -1, "too large"),
    ],
)
def test_an_edge_cannot_write_elsewhere_nor_without_bound(tmp_path, path, n_bytes, error):
    digest = hashlib.sha256(b"hello").hexdigest()
    kept = take(
        tmp_path / "hub", Piece(f"sha256:{digest}", path.replace("DIGEST", digest), n_bytes, 0, b"hello")
    )
    assert error in (kept.error or "")
    assert not (tmp_path / "hub").exists()


def test_a_description_bears_the_name_of_its_samples(tmp_path):
    samples, meta = hashlib.sha256(b"iq").hexdigest(), b'{"global":{}}'
    digest = f"sha256:{hashlib.sha256(meta).hexdigest()}"
    name = f"{samples}-2.sigmf-meta"
    assert take(tmp_path, Piece(digest, name, len(meta), 0, meta)).done
    assert take(tmp_path, Piece(digest, name, len(meta), 0, b"")).done
    other = f"sha256:{hashlib.sha256(b'else').hexdigest()}"
    assert take(tmp_path, Piece(other, name, 4, 0, b"else")).error == "another file has this name"


async def test_the_budget_holds_over_any_stretch():
    clock = FakeClock(NOON)
    budget = Budget(1000.0, clock)
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)
        clock._elapsed_s += seconds

    clock.sleep = wait
    for _ in range(5):
        await budget.spend(500)
    assert sum(waited) == pytest.approx(2.0)


async def test_a_photo_and_the_record_of_its_post_follow_their_alert_under_their_names(edge):
    store = EvidenceStore(edge.here)
    refs = [
        store.keep(b"{}", "application/json", "document", "json", NOON),
        store.keep(b"\xff\xd8\xff photo", "image/jpeg", "photo", "photo.jpg", NOON),
    ]
    await edge.outbox.put([make_alert("post", level="high", evidence=refs)])
    await drain(edge.start())
    assert {file.name for file in edge.hub.iterdir()} == {ref.path for ref in refs}
    assert all(is_photo(ref.path) is (ref.role == "photo") for ref in refs)
