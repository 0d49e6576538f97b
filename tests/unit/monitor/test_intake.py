from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crawlers.document import Attachment, Document
from crawlers.picture import Picture
from monitor.alert.alert import EvidenceRef
from monitor.bandplan import BandPlan, Row
from monitor.evidence import EvidenceStore
from monitor.intake import Heard, Intake
from monitor.photos import is_photo
from monitor.queue import QueueError
from monitor.queue.memory import MemoryQueue
from monitor.raising import RADIO_HOLD
from monitor.timetable import Name, Session, Timetable
from rules.book import RuleBook
from rules.load import LIBRARY, load_rules
from sdr.types import Emission

AT = datetime(2026, 6, 7, 1, 30, tzinfo=UTC)
RULES = RuleBook(load_rules(LIBRARY), "test")
TABLE = Timetable(
    (Session("e", "s", Name("", ""), AT - timedelta(hours=1), AT + timedelta(hours=1), ("v",)),)
)
PLAN = BandPlan((Row(167e6, 174e6, "broadcasting", 1.0),))
EMISSION = Emission(
    id="01J",
    sensor="roof",
    start_s=0.0,
    end_s=3.5,
    first_seen=AT - timedelta(seconds=3.5),
    last_seen=AT,
    ended=True,
    center_hz=169.0e6,
    bandwidth_hz=12_100.0,
    snr_db=22.0,
    peak_dbfs=-35.0,
    bursts=1,
    on_time_s=3.5,
    duty_cycle=1.0,
)
DOCUMENT = Document(
    id="d1",
    source="forum",
    url="http://x/1",
    author=None,
    title="出售",
    text="高考答案出售，考前一天发，准确率100%，先看后付，需要的加V信 gk2026da，名额有限",
    published_at=None,
    first_seen_at=AT,
    fetched_at=AT,
    digest="sha256:0",
)
PICTURE = EvidenceRef("sha256:" + "a" * 64, "image/png", "spectrogram", "a.png", 5, AT)


class Queue(MemoryQueue):
    full = False

    async def put(self, alerts):
        if self.full:
            raise QueueError("disk full")
        await super().put(alerts)


@pytest.fixture
def queue():
    return Queue()


@pytest.fixture
def intake(tmp_path, queue):
    book = RuleBook(RULES.edition.rules, "test")
    return Intake(book, TABLE, PLAN, queue, EvidenceStore(tmp_path / "evidence"))


async def test_an_emission_becomes_an_alert_that_says_where_when_and_why(intake, queue):
    raised = await intake.emission(Heard(EMISSION, "v", [PICTURE], {"t0_s": 0.0}))
    (queued,) = await queue.take(10, 0)
    alert = queued.alert
    assert [alert] == raised
    assert alert.labels == {"venue": "v", "channel": "169 MHz"}
    assert [hit.rule for hit in alert.rules] == ["radio-unknown-narrowband"]
    assert {reason["rule"] for reason in alert.why} == {"radio-unknown-narrowband"}
    assert (alert.starts_at, alert.updated_at) == (EMISSION.first_seen, AT)
    assert alert.ends_at == AT + RADIO_HOLD
    assert alert.event["spectrogram"]["digest"] == PICTURE.digest
    assert alert.why[0]["field"] == "phase"
    assert {"title_en", "title_zh", "summary_en", "summary_zh", "advice_en", "advice_zh"} == set(
        alert.annotations
    )
    assert "169.0000 MHz" in alert.annotations["summary_zh"]


async def test_the_same_emission_gives_the_same_alert_and_its_end_is_news_of_the_same_cause(intake):
    (heard,) = await intake.emission(Heard(replace(EMISSION, ended=False), "v", is_last=False))
    (again,) = await intake.emission(Heard(replace(EMISSION, ended=False), "v", is_last=False))
    (ended,) = await intake.emission(Heard(EMISSION, "v"))
    assert heard.id == again.id
    assert heard.ends_at is None
    assert (ended.id == heard.id, ended.cause == heard.cause) == (False, True)
    assert ended.event["n_repeats"] == 0


async def test_a_version_of_a_document_is_a_cause_of_its_own_and_the_same_case(intake):
    (one,) = await intake.document(DOCUMENT)
    (other,) = await intake.document(replace(DOCUMENT, version=2))
    assert one.fingerprint == other.fingerprint
    assert one.cause != other.cause
    assert one.labels == {"document": "d1"}


async def test_several_rules_that_fire_on_one_post_are_one_alert_of_the_gravest(intake):
    header = "绝密★启用前 2026年普通高等学校招生全国统一考试 注意事项：1.答卷前，考生务必填写姓名。"
    (alert,) = await intake.document(replace(DOCUMENT, text=f"{DOCUMENT.text}\n{header}"))
    fired = {hit.rule: hit for hit in alert.rules}
    assert {"web-answer-sale", "web-paper-header"} <= set(fired)
    assert alert.level == alert.rules[0].level == "critical"
    assert alert.annotations["title_zh"] == fired["web-paper-header"].texts["title_zh"]
    assert {reason["rule"] for reason in alert.why} == set(fired)
    assert intake.counts.n_alerts["web-answer-sale"] == 1


async def test_an_unproven_rule_does_not_raise_the_level_of_a_proven_one(tmp_path, queue):
    sale = next(rule for rule in RULES.edition.rules if rule.id == "web-answer-sale")
    new = replace(sale, id="new", level="critical", status="experimental")
    rules = RuleBook([sale, new], "test")
    intake = Intake(rules, TABLE, PLAN, queue, EvidenceStore(tmp_path))
    (alert,) = await intake.document(DOCUMENT)
    assert (alert.level, alert.experimental) == ("high", False)
    assert [hit.rule for hit in alert.rules] == ["web-answer-sale", "new"]
    alone = Intake(RuleBook([new], "test"), TABLE, PLAN, queue, EvidenceStore(tmp_path))
    (unproven,) = await alone.document(DOCUMENT)
    assert (unproven.level, unproven.experimental) == ("critical", True)


async def test_an_unknown_signal_at_two_sensors_is_an_alert_of_its_own(tmp_path, queue):
    def hear(sensor: str, number: int):
        return Heard(replace(EMISSION, id=f"{sensor}-{number}", sensor=sensor, center_hz=169.0e6), "v")

    intake = Intake(RuleBook(RULES.edition.rules, "test"), TABLE, PLAN, queue, EvidenceStore(tmp_path))
    await intake.emission(hear("roof", 1))
    together = [alert for alert in await intake.emission(hear("gate", 1)) if alert.kind == "correlation"]
    (alert,) = together
    assert alert.labels == {"correlation": "corr-same-signal-two-sensors", "venue": "v"}
    assert alert.level == "critical"
    assert "2 different" in alert.annotations["summary_en"]
    assert "2 个不同" in alert.annotations["summary_zh"]
    # A third sensor is news of the same case, not another one.
    more = [alert for alert in await intake.emission(hear("street", 1)) if alert.kind == "correlation"]
    assert [one.fingerprint for one in more] == [alert.fingerprint]
    assert [one.cause for one in more] == [alert.cause]


async def test_a_drill_is_a_case_of_its_own(intake):
    (real,) = await intake.emission(Heard(EMISSION, "v"))
    (drill,) = await intake.emission(Heard(replace(EMISSION, id="02J"), "v", drill=True))
    assert (real.drill, drill.drill) == (False, True)
    assert real.fingerprint != drill.fingerprint


async def test_a_second_sensor_confirms_the_first_and_both_say_so(intake):
    (first,) = await intake.emission(Heard(EMISSION, "v"))
    weak = replace(EMISSION, id="02K", sensor="gate", snr_db=5.0, center_hz=169.0e6 + 900)
    raised = await intake.emission(Heard(weak, "v"))
    assert {alert.fingerprint for alert in raised} == {first.fingerprint}
    confirmed = next(alert for alert in raised if alert.event["sensor"] == "roof")
    assert confirmed.event["n_sensors"] == 2
    assert confirmed.level == "critical"
    assert "radio-several-sensors" in {hit.rule for hit in confirmed.rules}
    assert confirmed.cause == first.cause
    assert confirmed.id != first.id
    assert confirmed.updated_at > first.updated_at
    assert "2 个传感器" in confirmed.annotations["summary_zh"]


async def test_a_document_that_fires_is_kept_as_evidence_and_a_harmless_one_is_not(intake, tmp_path):
    assert await intake.document(replace(DOCUMENT, id="d2", title="", text="祝大家考试顺利！")) == []
    assert not (tmp_path / "evidence").exists()
    alerts = await intake.document(DOCUMENT)
    (ref,) = alerts[0].evidence
    assert "gk2026da" in (tmp_path / "evidence" / ref.path).read_text(encoding="utf-8")


async def test_what_could_not_be_made_durable_is_told_and_may_be_tried_again(intake, queue):
    queue.full = True
    with pytest.raises(QueueError):
        await intake.document(DOCUMENT)
    assert intake.counts.n_documents == 0
    queue.full = False
    assert await intake.document(DOCUMENT)
    assert intake.counts.n_documents == 1


def photo(data: bytes, **more) -> Attachment:
    picture = Picture(len(data), 4, 3, content=data, **more)
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    return Attachment("http://x/p.jpg", digest, "image/jpeg", picture=picture)


async def test_photos_of_a_post_that_fires_are_kept_as_they_came_each_once(intake, tmp_path):
    lost = replace(photo(b"large").picture, content=b"", dropped="too large")
    parts = (photo(b"one"), photo(b"two"), photo(b"one"), replace(photo(b"large"), picture=lost))
    (alert,) = await intake.document(replace(DOCUMENT, attachments=parts))
    document, *photos = alert.evidence
    assert document.role == "document"
    assert [(ref.role, ref.media_type, ref.n_bytes, ref.at) for ref in photos] == [
        ("photo", "image/jpeg", 3, AT)
    ] * 2
    for ref, data in zip(photos, (b"one", b"two"), strict=True):
        assert ref.digest == "sha256:" + hashlib.sha256(data).hexdigest()
        assert is_photo(ref.path)
        assert (tmp_path / "evidence" / ref.path).read_bytes() == data
    assert intake.counts.n_photos == {"kept": 2, "too large": 1}
    assert b"b25l" not in (tmp_path / "evidence" / document.path).read_bytes()  # base64 of a photo


async def test_photos_of_a_harmless_post_are_written_nowhere(intake, tmp_path):
    harmless = replace(DOCUMENT, title="", text="祝大家考试顺利！", attachments=(photo(b"one"),))
    assert await intake.document(harmless) == []
    assert not (tmp_path / "evidence").exists()
    assert intake.counts.n_photos == {}
