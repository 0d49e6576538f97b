"""Rules and exceptions saved from the console: whole or not at all, and never over somebody else's work."""

from __future__ import annotations

import pytest

from monitor.ruledesk.shelf import RuleFiles
from monitor.ruledesk.texts import ChangedError, NotWritableError, digest_of, place_for
from monitor.ruledesk.unsettled import UnsettledError
from rules.fault import RuleErrors
from rules.load import LIBRARY, load_file
from tests.unit.monitor.ruledesk.test_desk import RULE, fires, room

__all__ = ["room"]

MUTE = """\
exceptions:
  - id: our-own
    kind: radio
    reason: Our own set
    author: Wang
    expires: 2027-01-01T00:00+08:00
    when: {snr_db|gte: 30}
"""


async def test_a_saved_rule_holds_at_once_and_stands_in_its_file(room):
    desk = await room.open()
    stands = await desk.written("loud")
    text = RULE.format(limit=20) + "# why: measured on 3 June\n"
    edition = await desk.save(text, stands.digest, "wang")
    assert (edition.author, fires(desk, 15), fires(desk, 25)) == ("wang", False, True)
    assert room.file.read_text() == text
    assert ("wang", "rules.saved") in await room.actions()
    assert [one.name for one in room.file.parent.iterdir()] == ["loud.yml"]


async def test_a_text_with_a_sample_that_does_not_hold_changes_neither_file_nor_edition(room):
    desk = await room.open()
    stands, before = await desk.written("loud"), desk.edition
    with pytest.raises(RuleErrors):
        await desk.save(RULE.format(limit=50), stands.digest, "wang")
    assert (room.file.read_text(), desk.edition, desk.faults) == (stands.text, before, [])


async def test_a_file_that_somebody_changed_meanwhile_is_not_written_over(room):
    desk = await room.open()
    stands = await desk.written("loud")
    room.write(12)
    with pytest.raises(ChangedError):
        await desk.save(RULE.format(limit=20), stands.digest, "wang")
    assert room.file.read_text() == RULE.format(limit=12)


async def test_a_new_rule_gets_a_file_of_its_own_and_is_gone_when_it_is_refused(room):
    desk = await room.open()
    new = RULE.replace("id: loud", "id: louder")
    await desk.save(new.format(limit=20), None, "wang")
    assert sorted(rule.id for rule in desk.edition.rules) == ["loud", "louder"]
    with pytest.raises(RuleErrors):
        await desk.save(new.replace("louder", "third").format(limit=50), None, "wang")
    assert sorted(one.name for one in room.file.parent.iterdir()) == ["loud.yml", "louder.yml"]


async def test_a_saved_rule_is_tried_at_a_venue_and_taken_back(room):
    desk = await room.open()
    stands = await desk.written("loud")
    await desk.save(RULE.format(limit=20), stands.digest, "wang", {"no1"})
    assert (fires(desk, 15, "no1"), fires(desk, 15, "no2")) == (False, True)
    await desk.roll_back("wang")
    assert fires(desk, 15, "no1")


def test_what_comes_with_the_program_is_not_written_to():
    known, _ = load_file(next(LIBRARY.rglob("*.yml")))
    with pytest.raises(NotWritableError, match=r"rules: dirs:.*规则库"):
        place_for(RuleFiles((LIBRARY,)), known.id)
    with pytest.raises(NotWritableError):
        place_for(RuleFiles((LIBRARY,)), "one-of-my-own")


async def test_exceptions_are_saved_or_refused_like_rules(room, tmp_path):
    desk = await room.open()
    with pytest.raises(NotWritableError):
        await desk.save_exceptions(MUTE, None, "wang")
    file = tmp_path / "exceptions.yml"
    file.write_text("exceptions: []\n")
    room.files = RuleFiles(room.files.folders, file)
    desk = await room.open()
    edition = await desk.save_exceptions(MUTE, digest_of("exceptions: []\n"), "wang")
    assert [one.id for one in edition.exemptions] == ["our-own"]
    with pytest.raises(RuleErrors):
        await desk.save_exceptions(MUTE.replace("snr_db", "snr"), digest_of(MUTE), "wang")
    assert file.read_text() == MUTE


async def test_a_removed_rule_is_gone_and_a_roll_back_brings_it_back_to_be_saved_again(room):
    desk = await room.open()
    louder = RULE.replace("id: loud", "id: louder").format(limit=20)
    await desk.save(louder, None, "wang")
    stands = await desk.written("louder")
    with pytest.raises(ChangedError):
        await desk.remove("louder", "sha256:0", "wang", "tired of it")
    edition = await desk.remove("louder", stands.digest, "wang", "tired of it")
    assert [rule.id for rule in edition.rules] == ["loud"]
    assert not stands.file.exists()
    assert [one for one in await room.actions() if one[1] == "rules.removed"] == [("wang", "rules.removed")]
    back = await desk.roll_back("li")
    assert sorted(rule.id for rule in back.rules) == ["loud", "louder"]
    assert await desk.written("louder") is None
    assert await desk.place("louder") == stands.file
    await desk.save(louder, None, "li")
    assert stands.file.read_text() == louder


async def test_a_rule_that_comes_with_the_program_is_not_removed(room):
    room.files = RuleFiles((LIBRARY,))
    desk = await room.open()
    stands = await desk.written("web-answer-sale")
    with pytest.raises(NotWritableError):
        await desk.remove("web-answer-sale", stands.digest, "wang", "x")
    assert await desk.place("web-answer-sale") is None


async def with_two_rules(room):
    """A desk of `loud` and `louder`; the text of the second."""
    desk = await room.open()
    louder = RULE.replace("id: loud", "id: louder").format(limit=20)
    await desk.save(louder, None, "wang")
    return desk, louder


def rules_at(desk, venue):
    return sorted(one.rule.id for one in desk.book.match({"kind": "radio", "snr_db": 45.0, "venue": venue}))


async def test_a_removal_is_tried_at_a_venue_with_its_file_kept_and_then_holds_everywhere(room):
    desk, louder = await with_two_rules(room)
    stands = await desk.written("louder")
    edition = await desk.remove("louder", stands.digest, "wang", "tired of it", {"no1"})
    assert (rules_at(desk, "no1"), rules_at(desk, "no2")) == (["loud"], ["loud", "louder"])
    assert (desk.leaving.rule, edition.venues) == ("louder", {"no1"})
    assert stands.file.read_text() == louder
    assert ("wang", "rules.tried") in await room.actions()
    assert ("wang", "rules.removed") not in await room.actions()
    await desk.spread("li")
    assert (rules_at(desk, "no2"), desk.leaving, desk.trial) == (["loud"], None, None)
    assert not stands.file.exists()
    assert ("li", "rules.removed") in await room.actions()
    again = await room.open()
    assert [rule.id for rule in again.edition.rules] == ["loud"]
    back = await again.roll_back("li")
    assert sorted(rule.id for rule in back.rules) == ["loud", "louder"]


async def test_a_removal_on_trial_is_taken_back_and_nothing_was_touched(room):
    desk, louder = await with_two_rules(room)
    stands = await desk.written("louder")
    await desk.remove("louder", stands.digest, "wang", "tired of it", {"no1"})
    await desk.roll_back("li")
    assert (rules_at(desk, "no1"), desk.leaving) == (["loud", "louder"], None)
    assert stands.file.read_text() == louder
    again = await room.open()
    assert sorted(rule.id for rule in again.edition.rules) == ["loud", "louder"]
    await again.save(louder + "# still here\n", stands.digest, "li")


async def test_a_file_that_changed_during_the_trial_of_its_removal_is_not_deleted(room):
    desk, louder = await with_two_rules(room)
    stands = await desk.written("louder")
    await desk.remove("louder", stands.digest, "wang", "tired of it", {"no1"})
    stands.file.write_text(louder + "# wait\n")
    with pytest.raises(ChangedError):
        await desk.spread("li")
    assert (stands.file.exists(), desk.leaving.rule) == (True, "louder")


async def test_while_a_removal_is_on_trial_nothing_else_is_saved(room):
    desk, _ = await with_two_rules(room)
    stands, loud = await desk.written("louder"), await desk.written("loud")
    await desk.remove("louder", stands.digest, "wang", "tired of it", {"no1"})
    with pytest.raises(UnsettledError, match="louder"):
        await desk.save(RULE.format(limit=20), loud.digest, "wang")
    assert (loud.file.read_text(), desk.leaving.rule) == (loud.text, "louder")


async def test_what_was_rolled_back_is_not_put_in_force_by_saving_something_else(room, tmp_path):
    file = tmp_path / "exceptions.yml"
    file.write_text("exceptions: []\n")
    room.files = RuleFiles(room.files.folders, file)
    desk, louder = await with_two_rules(room)
    loud = await desk.written("loud")
    await desk.save(RULE.format(limit=20), loud.digest, "wang", {"no1"})
    stands = await desk.written("louder")
    with pytest.raises(UnsettledError, match="loud"):
        await desk.save(louder + "# more\n", stands.digest, "wang")
    await desk.roll_back("wang")
    for work in (
        desk.save(louder + "# more\n", stands.digest, "wang"),
        desk.remove("louder", stands.digest, "wang", "tired of it"),
        desk.remove("louder", stands.digest, "wang", "tired of it", {"no1"}),
        desk.save_exceptions(MUTE, digest_of("exceptions: []\n"), "wang"),
    ):
        with pytest.raises(UnsettledError, match="loud"):
            await work
    assert (stands.file.read_text(), file.read_text()) == (louder, "exceptions: []\n")
    assert fires(desk, 15, "no1")
    # The text that is to hold is saved, and the way is free.
    now = await desk.written("loud")
    await desk.save(loud.text, now.digest, "wang")
    await desk.save_exceptions(MUTE, digest_of("exceptions: []\n"), "wang")


async def test_going_on_with_what_is_on_trial_changes_the_trial_alone(room):
    desk, louder = await with_two_rules(room)
    loud = await desk.written("loud")
    await desk.save(RULE.format(limit=20), loud.digest, "wang", {"no1"})
    stands = await desk.written("louder")
    await desk.save(louder.replace("20", "30"), stands.digest, "wang", {"no1"})
    assert (fires(desk, 15, "no1"), fires(desk, 15, "no2")) == (False, True)
