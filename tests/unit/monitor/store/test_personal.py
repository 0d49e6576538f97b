"""Names and seats: kept once and apart, shown to who may, each look in the audit."""

from __future__ import annotations

import json
from dataclasses import replace

import sqlalchemy as sa

from crawlers.document import Attachment
from crawlers.personal import Personal
from crawlers.wire import to_record
from monitor.evidence import EvidenceStore
from monitor.intake import keep_document
from monitor.store import Store, personal
from monitor.store.tables import audit, metadata
from tests.unit.crawlers.test_stored import NOW, POST, keep
from tests.unit.monitor.conftest import make_alert

MING = Personal("李小明", "07 / 24", "202600123456")
PAGE = Attachment("http://board.test/p.jpg", "sha256:2", "image/jpeg", "姓名 ▇▇", personal=(MING,))
PHOTO = replace(POST, attachments=(PAGE,))


def test_they_are_kept_once_and_shown_with_a_record_of_who_looked(tmp_path):
    store = Store(f"sqlite:{tmp_path / 's.db'}")
    alert = make_alert("a", labels={"document": PHOTO.id})
    store.merge([alert], NOW)
    assert personal.keep(store, PHOTO, NOW) == 1
    assert personal.keep(store, replace(PHOTO, version=2), NOW) == 0
    (one,) = personal.view(store, alert.fingerprint, "wang", NOW) or ()
    assert (one.name, one.seat, one.number, one.attachment) == (MING.name, MING.seat, MING.number, "sha256:2")
    with store.reader.connect() as db:
        newest = db.execute(sa.select(audit.c.entry).order_by(audit.c.seq.desc()).limit(1)).scalar_one()
    entry = json.loads(newest)
    assert (entry["actor"], entry["action"], entry["subject"]) == ("wang", personal.VIEWED, alert.fingerprint)
    assert store.verify() == 2
    store.close()


def test_of_an_alert_that_is_not_there_nothing_is_shown_and_of_one_without_names_nobody(tmp_path):
    store = Store(f"sqlite:{tmp_path / 's.db'}")
    assert personal.view(store, "f" * 16, "wang", NOW) is None
    alert = make_alert("a", labels={"channel": "433.925 MHz"})
    store.merge([alert], NOW)
    assert personal.view(store, alert.fingerprint, "wang", NOW) == []
    store.close()


async def test_nothing_else_that_is_kept_or_sent_names_anybody(tmp_path):
    from crawlers.memory import Memory

    ref = keep_document(EvidenceStore(tmp_path / "evidence"), PHOTO)
    store = Store(f"sqlite:{tmp_path / 's.db'}")
    store.merge([make_alert("a", evidence=[ref])], NOW)
    store.close()
    async with Memory(tmp_path / "crawl.db") as memory:
        await keep(memory, PHOTO)
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    sent = json.dumps(to_record(PHOTO), ensure_ascii=False).encode()
    for name in (MING.name, MING.number):
        assert name is not None
        assert name.encode() not in written + sent
    assert "personal" in metadata.tables
