"""Tips on disk: whole or not at all."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawlers.errors import CrawlError
from crawlers.tips.box import new_tips, newest_tips, one_tip, take, write_tip
from crawlers.tips.tip import Tip, TipFile

AT = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)


def tip(id: str, *files: TipFile) -> Tip:
    return Tip(id, AT, f"text {id}", "form", files=files)


def test_tips_come_back_as_they_were_oldest_first_until_they_are_taken(tmp_path):
    for id in ("20260607T010002-b", "20260607T010001-a"):
        write_tip(tmp_path, tip(id, TipFile("../../etc/passwd", b"data")))
    tips, faults = new_tips(tmp_path, 10)
    assert faults == []
    assert [kept.id[-1] for kept in tips] == ["a", "b"]
    assert tips[0].received_at == AT
    assert tips[0].files[0][0] == "../../etc/passwd"
    assert tips[0].files[0][1].startswith(str(tmp_path))
    take(tmp_path, tips[0].id)
    assert [kept.id[-1] for kept in new_tips(tmp_path, 10)[0]] == ["b"]
    assert len(new_tips(tmp_path, 0)[0]) == 0


def test_a_tip_cut_short_by_a_crash_is_never_seen(tmp_path):
    (tmp_path / ".part-x").mkdir()
    (tmp_path / ".part-x" / "tip.json").write_text("{")
    assert new_tips(tmp_path, 10) == ([], [])


def test_one_broken_tip_hides_no_other(tmp_path):
    write_tip(tmp_path, tip("a"))
    write_tip(tmp_path, tip("b"))
    (tmp_path / "new" / "a" / "tip.json").write_text("{")
    (tmp_path / "new" / "c").mkdir()
    tips, faults = new_tips(tmp_path, 10)
    assert [kept.id for kept in tips] == ["b"]
    assert [fault.kind for fault in faults] == ["parse", "file"]


@pytest.mark.parametrize("id", ["", "../x", "a/b", "a" * 65])
def test_an_id_that_leads_out_of_the_box_is_refused(tmp_path, id):
    with pytest.raises(ValueError, match="not an id"):
        write_tip(tmp_path / "box", tip(id))
    assert not (tmp_path / "box").exists()


def test_a_write_that_fails_leaves_nothing_behind(tmp_path):
    (tmp_path / "new").write_text("a file where a folder should be")
    with pytest.raises(OSError):
        write_tip(tmp_path, tip("a"))
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    with pytest.raises(CrawlError):
        take(tmp_path, "a")


def test_the_newest_tips_are_seen_first_taken_or_not_and_one_by_its_receipt(tmp_path):
    for id in ("20260607T010001-a", "20260607T010002-b", "20260607T010003-c"):
        write_tip(tmp_path, tip(id))
    take(tmp_path, "20260607T010002-b")
    (tmp_path / "new" / "20260607T010004-d").mkdir()
    seen = newest_tips(tmp_path, 3)
    assert [(one.tip.id[-1], one.is_taken, one.via) for one in seen] == [
        ("c", False, "form"),
        ("b", True, "form"),
    ]
    found = one_tip(tmp_path, "20260607T010002-b")
    assert found is not None
    assert found.tip.text == "text 20260607T010002-b"
    assert one_tip(tmp_path, "../new/20260607T010001-a") is None
    assert newest_tips(tmp_path / "none", 3) == []
