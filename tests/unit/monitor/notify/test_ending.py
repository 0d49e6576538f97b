"""Who may end whose silence: each role, near and far."""

from __future__ import annotations

import pytest

from monitor.notify.matcher import parse, within
from monitor.notify.silence import Asker, Silence, barred
from monitor.people.roles import GRANTED
from monitor.people.scope import EVERYTHING, Scope
from tests.unit.monitor.conftest import NOON

NO1, BOTH, POLICE = Scope(frozenset({"no1"})), Scope(frozenset({"no1", "no2"})), Scope(None, "police")


def silence(scope=EVERYTHING, *matchers):
    known = [parse(text) for text in matchers or ("kind=radio",)]
    own = [within(scope.venues)] if scope.venues is not None else []
    return Silence("s1", (*known, *own), "why", "li", NOON, NOON, scope.venues, scope.department)


@pytest.mark.parametrize(
    ("role", "mine", "others"),
    [
        ("radio", "role", "role"),
        ("analyst", "role", "role"),
        ("operator", None, "author"),
        ("supervisor", None, None),
        ("auditor", "role", "role"),
        ("administrator", None, None),
    ],
)
def test_each_role_ends_its_own_or_all_or_none(role, mine, others):
    assert barred(silence(), Asker("li", GRANTED[role], EVERYTHING)) == mine
    assert barred(silence(), Asker("wang", GRANTED[role], EVERYTHING)) == others


@pytest.mark.parametrize(
    ("made", "asker", "why"),
    [
        (silence(NO1), BOTH, None),
        (silence(BOTH), NO1, "venues"),
        (silence(), NO1, "venues"),
        # Made by somebody who sees all, and yet for one venue alone.
        (silence(EVERYTHING, "venue=no1"), NO1, None),
        (silence(EVERYTHING, "venue=no2"), NO1, "venues"),
        (silence(EVERYTHING, "venue!=no2"), NO1, "venues"),
        (silence(BOTH, "venue=no1", "kind=web"), NO1, None),
        (silence(POLICE), POLICE, None),
        (silence(POLICE), Scope(None, "exam"), "department"),
        (silence(), POLICE, "department"),
        (silence(POLICE), EVERYTHING, None),
        (silence(Scope(frozenset({"no1"}), "police")), Scope(frozenset({"no1"}), "exam"), "department"),
    ],
)
def test_a_supervisor_ends_what_is_of_their_venues_and_department(made, asker, why):
    assert barred(made, Asker("chief", GRANTED["supervisor"], asker)) == why
    # Whoever made it ends it, whatever they see by now.
    assert barred(made, Asker("li", GRANTED["operator"], asker)) is None


def test_a_key_for_programs_overrules_only_where_it_was_given_that_right():
    key = Asker("chief", frozenset({"silence"}), EVERYTHING)
    assert barred(silence(), key) == "author"
