"""Logging in and what it allows: passwords, throttle, register, sessions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.clock import FakeClock
from monitor.people.desk import LASTS, LoginRefusedError, LoginThrottledError, People
from monitor.people.passwords import MIN_CHARS, fault_of, fits, hash_password, one_time_password
from monitor.people.register import PeopleError, Register
from monitor.people.roles import GRANTED, PERMISSIONS, ROLES, may
from monitor.people.throttle import FREE_ATTEMPTS, LONGEST_WAIT_S, Throttle
from monitor.store import Store
from monitor.store.book import StoreBook

NOON = datetime(2026, 6, 7, 4, 0, tzinfo=UTC)
OWN = "correct horse battery staple"


class World:
    def __init__(self, folder) -> None:
        self.clock = FakeClock(NOON)
        self.store = Store(f"sqlite:{folder / 's.db'}")
        self.book = StoreBook(self.store, self.clock)
        self.register = Register(self.store)
        self.people = People(self.register, self.book, self.clock)

    async def person(self, name="li", role="analyst"):
        """Somebody who has a password of one's own, and one who is there before."""
        if not self.register.everyone():
            await self.people.add("test", "root", "administrator")
        _, password = await self.people.add("test", name, role)
        session = await self.people.log_in(name, password, "1.2.3.4")
        return await self.people.change_password(session, password, OWN, "1.2.3.4")

    def actions(self) -> list[str]:
        import sqlalchemy as sa

        from monitor.store.tables import audit

        with self.store.reader.connect() as db:
            entries = db.execute(sa.select(audit.c.entry).order_by(audit.c.seq)).scalars()
            import json

            return [json.loads(entry)["action"] for entry in entries]


@pytest.fixture
async def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.people.close()
    await world.book.close()


def test_every_role_is_known_and_none_but_the_administrator_manages_people():
    assert set(GRANTED) == set(ROLES)
    assert {role for role in ROLES if may(role, "users")} == {"administrator"}
    assert {role for role in ROLES if not may(role, "evidence")} == {"operator", "auditor"}
    assert all(set(granted) <= set(PERMISSIONS) for granted in GRANTED.values())


def test_a_password_is_kept_as_argon2id_and_fits_itself_alone():
    hashed = hash_password(OWN)
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert fits(OWN, hashed)
    assert not fits(OWN + " ", hashed)
    assert not fits(OWN, None)
    assert not fits(OWN, "no hash")


def test_the_same_letters_from_another_keyboard_are_the_same_password():
    assert fits("Ａbc１２３４５６７８９", hash_password("Abc123456789"))


@pytest.mark.parametrize("bad", ["short", "x" * 300, "aaaaaaaaaaaaaaaa", "my name is LI indeed"])
def test_a_password_that_is_guessed_at_once_is_refused(bad):
    assert fault_of(bad, "li") is not None
    assert fault_of(OWN, "li") is None


def test_passwords_for_one_use_differ_and_would_be_allowed():
    made = {one_time_password() for _ in range(200)}
    assert len(made) == 200
    assert all(len(password) >= MIN_CHARS and fault_of(password, "zhang") is None for password in made)


def test_each_failure_after_the_free_ones_makes_the_next_login_wait_longer():
    throttle, now_s, waits = Throttle(), 0.0, []
    for _ in range(16):
        throttle.attempt(("name li",), now_s)
        waits.append(throttle.wait_s(("name li",), now_s))
        now_s += waits[-1]
    assert waits[: FREE_ATTEMPTS - 1] == [0.0] * (FREE_ATTEMPTS - 1)
    assert waits[FREE_ATTEMPTS - 1 :] == sorted(waits[FREE_ATTEMPTS - 1 :])
    assert waits[-1] == LONGEST_WAIT_S
    throttle.succeeded(("name li",))
    assert throttle.wait_s(("name li",), now_s) == 0.0


@given(st.lists(st.tuples(st.text(max_size=3), st.floats(0, 1e6)), max_size=60))
def test_the_throttle_never_remembers_more_than_it_may(attempts):
    throttle = Throttle(capacity=5)
    for name, at_s in attempts:
        throttle.attempt((name,), at_s)
        assert 0.0 <= throttle.wait_s((name,), at_s) <= LONGEST_WAIT_S
    assert sum(throttle.wait_s((name,), 0.0) > 0 for name, _ in dict(attempts).items()) <= 5


async def test_the_first_start_makes_one_administrator_and_the_second_none(world):
    first = await world.people.first_administrator()
    assert first is not None
    session = await world.people.log_in(*first, "127.0.0.1")
    assert (session.person.role, session.person.must_change) == ("administrator", True)
    assert await world.people.first_administrator() is None


async def test_a_session_lasts_a_shift_and_ends_with_the_logout(world):
    session = await world.person()
    assert (await world.people.who(session.key)).person.name == "li"
    await world.clock.advance(LASTS.total_seconds() - 1)
    assert await world.people.who(session.key) is not None
    await world.clock.advance(2)
    assert await world.people.who(session.key) is None
    again = await world.people.log_in("li", OWN, "a")
    await world.people.log_out(again)
    assert await world.people.who(again.key) is None
    assert await world.people.who("made up") is None


async def test_the_key_of_a_session_is_nowhere_in_the_database(world, tmp_path):
    session = await world.person()
    await world.book.close()
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("s.db*"))
    assert session.key.encode() not in raw
    assert session.csrf.encode() not in raw
    assert OWN.encode() not in raw


@pytest.mark.parametrize("change", ["role", "disabled", "password"])
async def test_a_change_of_a_person_ends_all_sessions_at_once(world, change):
    session = await world.person()
    match change:
        case "role":
            await world.people.set_role("root", "li", "auditor")
        case "disabled":
            await world.people.set_disabled("root", "li", disabled=True)
            with pytest.raises(LoginRefusedError):
                await world.people.log_in("li", OWN, "a")
        case _:
            await world.people.reset_password("root", "li")
    assert await world.people.who(session.key) is None


async def test_wrong_names_and_wrong_passwords_are_told_alike_throttled_and_recorded(world):
    await world.person()
    for name in ["li"] * FREE_ATTEMPTS:
        with pytest.raises(LoginRefusedError):
            await world.people.log_in(name, "wrong", "5.6.7.8")
    with pytest.raises(LoginThrottledError):
        await world.people.log_in("li", OWN, "9.9.9.9")
    with pytest.raises(LoginThrottledError):
        await world.people.log_in("somebody else", OWN, "5.6.7.8")
    await world.clock.advance(60)
    assert (await world.people.log_in("li", OWN, "9.9.9.9")).person.name == "li"
    with pytest.raises(LoginRefusedError):
        await world.people.log_in("nobody of that name", OWN, "7.7.7.7")
    assert world.actions().count("user.login-refused") == FREE_ATTEMPTS + 1
    world.store.verify()


async def test_the_last_administrator_can_be_neither_demoted_nor_disabled(world):
    await world.person()
    for attempt in (
        world.people.set_role("root", "root", "auditor"),
        world.people.set_disabled("root", "root", disabled=True),
    ):
        with pytest.raises(PeopleError, match="last administrator"):
            await attempt
    await world.people.set_role("root", "li", "administrator")
    assert (await world.people.set_role("li", "root", "auditor")).role == "auditor"
    assert world.actions()[-2:] == ["user.role", "user.role"]


@pytest.mark.parametrize("name", ["", " li", "a b", "x" * 65, "<script>", "root"])
async def test_a_name_that_is_none_or_taken_is_refused_and_leaves_no_trace(world, name):
    await world.people.add("test", "root", "administrator")
    n = len(world.actions())
    with pytest.raises(PeopleError):
        await world.people.add("test", name, "analyst")
    assert len(world.actions()) == n


async def test_one_cannot_keep_the_password_that_was_given(world):
    await world.people.add("test", "root", "administrator")
    _, given = await world.people.add("test", "li", "analyst")
    session = await world.people.log_in("li", given, "a")
    for new in (given, "short"):
        with pytest.raises(PeopleError):
            await world.people.change_password(session, given, new, "a")
    with pytest.raises(LoginRefusedError):
        await world.people.change_password(session, "not the old one", OWN, "a")
    changed = await world.people.change_password(session, given, OWN, "a")
    assert not changed.person.must_change
    assert await world.people.who(session.key) is None
    assert changed.login.expires_at == world.clock.now() + timedelta(hours=12)
