"""Signed heads: kept elsewhere, they show what the chain itself cannot."""

from __future__ import annotations

import json
import sqlite3
import stat

import pytest

from monitor.cli import main
from monitor.clock import FakeClock
from monitor.faults import InputError, WorldError
from monitor.heads import Elsewhere, HeadKeeper, file_elsewhere, open_key, open_public_key, read_heads
from monitor.notify.heads import HeadTeller
from monitor.notify.ledger import Ledger
from monitor.store import AuditError, Store
from monitor.store.book import StoreBook
from tests.unit.monitor.conftest import NOON, make_alert


@pytest.fixture
async def kept(tmp_path):
    """A store with three heads of it kept elsewhere."""
    clock = FakeClock(NOON)
    book = StoreBook(Store(f"sqlite:{tmp_path / 's.db'}"), clock)
    key, file = open_key(tmp_path / "audit.key"), tmp_path / "heads.jsonl"
    keeper = HeadKeeper(file_elsewhere(file), key, "venue-1", lambda: book.read(book.store.head), clock)
    for n in range(3):
        await book.merge([make_alert(str(n))])
        await keeper.keep()
        await keeper.keep()
    yield book, file, tmp_path
    await book.close()


async def test_each_head_is_kept_once_signed_and_fits(kept):
    book, file, folder = kept
    public = open_public_key(folder / "audit.key.pub")
    heads = read_heads(file, public)
    assert [head.seq for head in heads] == [1, 2, 3]
    assert book.store.verify(heads) == 3
    assert stat.S_IMODE((folder / "audit.key").stat().st_mode) == 0o600


async def test_a_cut_tail_shows_only_against_a_kept_head(kept):
    book, file, folder = kept
    with sqlite3.connect(folder / "s.db") as db:
        db.execute("DELETE FROM audit WHERE seq = 3")
        for table in ("events", "event_ids"):
            db.execute(f"DELETE FROM {table} WHERE event_id = 'id-2'")
    assert book.store.verify() == 2
    with pytest.raises(AuditError, match="entry 3 was kept"):
        book.store.verify(read_heads(file))


@pytest.mark.parametrize(
    ("name", "value"), [("seq", 7), ("hash", "0" * 64), ("at", "2020-01-01"), ("site", "x")]
)
async def test_a_head_that_was_changed_or_forged_is_named_by_its_line(kept, name, value):
    _, file, folder = kept
    lines = file.read_text("utf-8").splitlines()
    lines[1] = json.dumps({**json.loads(lines[1]), name: value})
    file.write_text("\n".join(lines), "utf-8")
    with pytest.raises(InputError) as caught:
        read_heads(file, open_public_key(folder / "audit.key.pub"))
    (fault,) = caught.value.faults
    assert (fault.line, "not signed by this key" in fault.message) == (2, True)


async def test_another_key_signs_nothing_of_ours(kept):
    _, file, folder = kept
    open_key(folder / "other.key")
    with pytest.raises(InputError, match="not signed"):
        read_heads(file, open_public_key(folder / "other.key.pub"))
    (folder / "bad.key").write_text("no key")
    with pytest.raises(WorldError):
        open_key(folder / "bad.key")


async def test_a_place_that_cannot_be_written_is_told_and_tried_again(kept):
    book, _, folder = kept
    away = folder / "mnt"
    keeper = HeadKeeper(
        file_elsewhere(away / "h.jsonl"),
        open_key(folder / "audit.key"),
        "v",
        lambda: book.read(book.store.head),
        FakeClock(NOON),
    )
    await keeper.keep()
    assert keeper.failing_since == NOON
    away.mkdir()
    await keeper.keep()
    assert (keeper.failing_since, len(read_heads(away / "h.jsonl"))) == (None, 1)


def run(*words) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return ended.value.code


async def test_a_file_of_evidence_that_was_changed_is_named(kept, capsys):
    _, file, folder = kept
    evidence = folder / "evidence"
    evidence.mkdir()
    # `make_alert` gives each picture the digest of its name.
    (evidence / "0.png").write_bytes(b"0")
    words = ("audit", "verify", folder / "s.db", "--head", file, "--evidence", evidence)
    assert run(*words, "--public-key", folder / "audit.key.pub") == 0
    assert "1 files of evidence fit, 2 are gone" in capsys.readouterr().err
    (evidence / "0.png").write_bytes(b"other")
    assert run(*words) == 1
    assert "was changed" in capsys.readouterr().err


async def test_heads_go_out_as_messages_that_a_mailbox_keeps(kept):
    book, _, folder = kept
    teller = HeadTeller("mail", "No. 1", "en", book, FakeClock(NOON))
    key = open_key(folder / "audit.key")
    place = Elsewhere("mail", teller.put)
    keeper = HeadKeeper(place, key, "v", lambda: book.read(book.store.head), FakeClock(NOON))
    await keeper.keep()
    await keeper.keep()
    (notice,) = Ledger(book.store).newest(5)
    assert (notice.receiver, notice.reason) == ("mail", "head")
    (folder / "mailed.jsonl").write_text(notice.body["text"].partition("\n")[2])
    heads = read_heads(folder / "mailed.jsonl", open_public_key(folder / "audit.key.pub"))
    assert book.store.verify(heads) == heads[0].seq
