"""Sound over the link without a broker: what is packed, late, lost, too much, and who may listen at all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.clock import FakeClock
from monitor.earphone import Earphone, Piece
from monitor.link import listen_in
from monitor.link.bus import LinkError
from monitor.link.evidence_out import Budget
from monitor.link.listen_in import FarHearing
from monitor.link.listen_out import LEASE_S, LONGEST_S, ListenServer, most_listeners
from monitor.link.orders import AskListen, AskQuiet, AskSound, Frame, Sound
from monitor.link.sound import BYTES_PER_S, LEAD, Packer, unpacked
from monitor.sensors import CutOffError, SensorError

NOW = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)
HALF = 8000


def speech(n: int) -> np.ndarray:
    t = np.arange(n) / 16_000
    return np.round(9000 * np.sin(2 * np.pi * 700 * t) * (1 + np.sin(2 * np.pi * 4 * t)) / 2).astype("<i2")


def test_sound_is_a_quarter_of_its_size_and_its_seams_are_no_worse_than_the_rest():
    whole, packer = speech(6 * HALF), Packer()
    packed = [packer.pack(whole[at : at + HALF].tobytes()) for at in range(0, len(whole), HALF)]
    assert {len(one) for one in packed} == {(HALF + LEAD) // 2}
    heard = np.frombuffer(b"".join(unpacked(one, HALF) for one in packed), "<i2")
    fault = (heard.astype(float) - whole) ** 2
    power = np.mean(whole.astype(float) ** 2)
    assert 10 * np.log10(power / fault.mean()) > 25
    seams = np.concatenate([fault[at : at + 160] for at in range(HALF, len(whole), HALF)])
    assert 10 * np.log10(power / seams.mean()) > 20


def test_what_is_silent_takes_nothing_and_stays_as_long_as_it_is():
    packer = Packer()
    assert packer.pack(bytes(2 * HALF)) == b""
    assert unpacked(b"", 777) == bytes(2 * 777)


@given(st.binary(max_size=300), st.integers(-5, 700))
def test_bytes_of_a_stranger_are_sound_of_that_length_or_refused(content, n_samples):
    try:
        heard = unpacked(content, n_samples)
    except ValueError:
        return
    assert len(heard) == 2 * n_samples


@given(st.integers(1, 400))
def test_a_piece_of_any_length_comes_back_as_long(n):
    assert len(unpacked(Packer().pack(speech(n + 50)[50:].tobytes()), n)) == 2 * n


def test_as_many_listen_as_half_of_the_uplink_carries():
    uplinks_kbps = (8, 64, 96, 256, 512, 2000, 100_000)
    assert [most_listeners(kbps * 125) for kbps in uplinks_kbps] == [0, 0, 1, 1, 3, 4, 4]


def test_a_listener_takes_no_more_than_is_reckoned_with():
    packed = Packer().pack(speech(HALF).tobytes())
    answer = msgspec.msgpack.encode(Sound("0123456789abcdef", 3600, [Frame(HALF, packed)], 3600))
    around = len("HMSG _INBOX.a-rather-long-name-of-a-hub.0123456789.0123456789 1 12 4200\r\n")
    assert 0.9 * BYTES_PER_S < 2 * (len(answer) + 2 * around) < BYTES_PER_S


async def test_sound_goes_at_once_and_evidence_waits_for_it():
    clock = FakeClock(NOW)
    budget = Budget(1000, clock)
    budget.charge(2000)
    waiting = asyncio.create_task(budget.spend(10))
    await clock.advance(1.9)
    assert not waiting.done()
    await clock.advance(0.2)
    assert waiting.done()


class Hum:
    """An ear that hears what a test says."""

    def __init__(self, pieces: list[Piece]) -> None:
        self._pieces = pieces
        self.is_closed = False

    def pieces(self) -> Iterator[Piece]:
        yield from self._pieces
        while not self.is_closed:
            time.sleep(0.01)

    def close(self) -> None:
        self.is_closed = True


class Roof:
    def __init__(self, *pieces: Piece) -> None:
        self.ear = Hum(list(pieces))

    async def listen(self, channel_hz, _mode, _actor):
        if channel_hz > 1e9:
            raise SensorError("unplugged")
        return Earphone(self.ear)


def served(roof: Roof, clock: FakeClock, bytes_per_s: float = 64_000) -> ListenServer:
    return ListenServer({"roof": roof}, [(351e6, 358e6)], Budget(bytes_per_s, clock), bytes_per_s, clock)


async def said(server: ListenServer, ask: msgspec.Struct) -> Sound:
    return msgspec.msgpack.decode(await server.answer(msgspec.msgpack.encode(ask)), type=Sound)


def ask(sensor: str = "roof", hz: float = 169e6, mode: str = "nfm") -> AskListen:
    return AskListen(sensor, hz, mode, "li", "hub")


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (ask("cellar"), "no sensor"),
        (ask(mode="ssb"), "'ssb'"),
        (ask(hz=352e6), "closes this band"),
        (ask(hz=2e9), "unplugged"),
    ],
)
async def test_what_cannot_be_listened_to_is_refused_in_words(asked, why):
    server = served(Roof(), FakeClock(NOW))
    sound = await said(server, asked)
    assert why in str(sound.error)
    assert not sound.token
    assert not server.n_listeners


async def test_an_uplink_that_carries_no_sound_says_so():
    sound = await said(served(Roof(), FakeClock(NOW), 8000), ask())
    assert str(sound.error).startswith("0 may listen over this edge's 64 kbit/s")


async def test_pieces_are_numbered_and_the_listener_is_let_go_when_the_hub_asks_no_more():
    clock, roof = FakeClock(NOW), Roof(Piece(speech(HALF).tobytes()), Piece(away_hz=433e6))
    server = served(roof, clock)
    running = asyncio.create_task(server.run())
    token = (await said(server, ask())).token
    frames: list[Frame] = []
    while len(frames) < 2:
        frames += (await said(server, AskSound(token))).frames
    assert (frames[0].n_samples, frames[1].away_hz) == (HALF, 433e6)
    await clock.advance(LEASE_S - 1)
    assert server.n_listeners == 1
    await clock.advance(3)
    assert server.n_listeners == 0
    assert roof.ear.is_closed
    assert (await said(server, AskSound(token))).is_over
    assert (await said(server, AskQuiet(token))).is_over
    running.cancel()


async def test_half_an_hour_ends_it_also_where_a_hub_goes_on_asking():
    clock, roof = FakeClock(NOW), Roof(*[Piece(speech(10).tobytes())] * 6)
    server = served(roof, clock)
    running = asyncio.create_task(server.run())
    token = (await said(server, ask())).token
    listener = server._listeners[token]
    for _ in range(int(LONGEST_S / 5) + 1):
        listener.asked_s = clock.monotonic()
        await clock.advance(5)
    assert server.n_listeners == 0
    running.cancel()


async def test_a_question_of_another_version_is_answered_in_words():
    server = served(Roof(), FakeClock(NOW))
    answer = await server.answer(msgspec.msgpack.encode({"type": "sing"}))
    assert "does not know" in str(msgspec.msgpack.decode(answer, type=Sound).error)


def frame(n: int = 1) -> list[Frame]:
    return [Frame(10, Packer().pack(speech(60)[50:].tobytes()))] * n


async def test_what_is_late_or_lost_on_the_way_is_counted_and_not_heard(monkeypatch):
    clock = FakeClock(NOW)
    answers = [
        (0.1, Sound("t", 0, frame(2))),
        (0.1, Sound("t", 5, frame(1))),
        (listen_in.LATE_S + 1, Sound("t", 6, frame(4))),
        (0.1, Sound("t", 10, frame(1), n_dropped=2)),
        (0.1, Sound("t", 11, [Frame(away_hz=1e6)], n_dropped=2)),
        (0.1, Sound(is_over=True)),
    ]

    async def asked() -> Sound:
        takes_s, sound = answers.pop(0)
        await clock.advance(takes_s)
        return sound

    hearing = FarHearing(asked, lambda: None, clock)
    heard: list[tuple[int, int]] = []
    while pieces := await hearing.take():
        heard.append((sum(bool(piece.pcm) for piece in pieces), hearing.n_dropped))
    # Three were lost before the second answer, four of the third came late, two the edge itself dropped.
    assert heard == [(2, 0), (1, 3), (1, 9), (0, 9)]


async def test_an_edge_that_does_not_answer_is_asked_for_a_while_and_then_given_up():
    clock, told = FakeClock(NOW), 0

    async def asked() -> Sound:
        await clock.advance(1.0)
        raise LinkError("edge no1 does not answer")

    hearing = FarHearing(asked, lambda: None, clock)

    async def moving() -> None:
        while True:
            await asyncio.sleep(0)
            await clock.advance(0.1)

    async def listening() -> None:
        nonlocal told
        while True:
            assert (await hearing.take())[0].is_silent
            told += 1

    mover = asyncio.create_task(moving())
    with pytest.raises(CutOffError, match="no1"):
        await listening()
    mover.cancel()
    assert 2 <= told <= 8


async def test_sound_that_is_none_ends_it_in_words():
    async def asked() -> Sound:
        return Sound("t", 0, [Frame(10, b"short")])

    with pytest.raises(SensorError, match="cannot be read"):
        await FarHearing(asked, lambda: None, FakeClock(NOW)).take()
