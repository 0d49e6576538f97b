import socket
import struct
import threading
import time

import numpy as np
import pytest

from sdr.source import SourceError, open_source
from sdr.source.rtl_tcp import parse_address
from sdr.types import Hop

GREETING = b"RTL0" + struct.pack(">II", 5, 29)


class Server:
    """rtl_tcp as far as a client sees it: samples tell the setting they were taken with."""

    def __init__(self, greeting=GREETING, split=16384):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.spec = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.greeting = greeting
        self.split = split
        self.commands = []
        self.rate, self.center = 250_000, 0
        self.is_silent = False
        self.is_ended = threading.Event()
        self.hang_up = threading.Event()
        self.n_clients = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while not self.is_ended.is_set():
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.n_clients += 1
            self.hang_up.clear()
            client.sendall(self.greeting)
            threading.Thread(target=self._obey, args=(client,), daemon=True).start()
            self._stream(client)
            client.close()

    def _obey(self, client):
        try:
            while len(command := client.recv(5, socket.MSG_WAITALL)) == 5:
                number, value = struct.unpack(">BI", command)
                self.commands.append((number, value))
                if number == 1:
                    time.sleep(0.005)
                    self.center = value
                if number == 2:
                    self.rate = value
        except OSError:
            pass

    def _stream(self, client):
        began, n = time.monotonic(), 0
        try:
            while not self.is_ended.is_set() and not self.hang_up.is_set():
                n_due = int((time.monotonic() - began) * self.rate)
                if n_due < n + self.split:
                    time.sleep(0.002)
                    continue
                n += self.split
                if not self.is_silent:
                    code = self.center // 1_000_000 % 256
                    client.sendall(bytes([code]) * (2 * self.split - 1))
                    client.sendall(bytes([code]))
        except OSError:
            pass

    def close(self):
        self.is_ended.set()
        self.listener.close()


@pytest.fixture
def server():
    server = Server(split=2000)
    yield server
    server.close()


@pytest.fixture
def source(server):
    source = open_source(server.spec, rate_hz=250e3, center_hz=100e6, gain_db=29.7, ppm=-3)
    yield source
    source.close()


def read_until(source, is_enough, seconds=8.0, *, is_strict=False):
    end = time.monotonic() + seconds
    faults = []
    while time.monotonic() < end:
        try:
            block = source.read(5000)
        except SourceError as fault:
            if is_strict:
                raise
            faults.append((str(fault), fault.retry))
        else:
            if is_enough(block):
                return block
    raise AssertionError(f"nothing within {seconds} s: {faults}")


def test_the_receiver_is_set_up_as_asked(server, source):
    read_until(source, lambda block: True)
    assert (2, 250_000) in server.commands
    assert (3, 1) in server.commands
    assert (4, 297) in server.commands
    assert (5, 0xFFFFFFFD) in server.commands
    assert server.commands[-1] == (1, 100_000_000)


def test_samples_are_from_after_the_retune_and_pairs_stay_pairs(source):
    for center in (100e6, 120e6, 140e6, 100e6):
        source.tune(Hop(center, 250e3, gain_db=29.7))
        for _ in range(3):
            block = source.read(4001)
            assert set(np.unique(block.iq)) == {center / 1e6}
            assert block.hop.center_hz == center
            assert block.n_dropped_before == 0


def test_only_what_changed_is_sent(server, source):
    source.tune(Hop(100e6, 250e3, gain_db=29.7))
    source.tune(Hop(120e6, 250e3, gain_db=29.7))
    source.tune(Hop(120e6, 250e3, gain_db=None))
    deadline = time.monotonic() + 2
    while server.commands[-1:] != [(3, 0)] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.commands[-2:] == [(1, 120_000_000), (3, 0)]


def test_a_server_that_hangs_up_is_connected_again_and_the_time_between_is_counted(server, source):
    read_until(source, lambda block: True)
    server.hang_up.set()
    block = read_until(source, lambda block: block.n_dropped_before > 0)
    assert server.n_clients == 2
    assert source.n_outages == 1
    assert 0.1 < block.n_dropped_before / 250e3 < 3
    assert server.commands[-1] == (1, 100_000_000)


def test_a_silent_server_shows_within_one_and_a_half_seconds(server, source):
    read_until(source, lambda block: True)
    server.is_silent = True
    began = time.monotonic()
    with pytest.raises(SourceError, match="no samples for"):
        read_until(source, lambda block: False, is_strict=True)
    assert time.monotonic() - began < 1.6
    server.is_silent = False
    read_until(source, lambda block: block.n_dropped_before > 0)


def test_what_is_no_rtl_tcp_server_is_refused_with_one_line():
    server = Server(greeting=b"SSH-2.0-OpenSSH")
    with pytest.raises(SourceError, match="not an rtl_tcp server") as fault:
        open_source(server.spec)
    assert not fault.value.retry
    server.close()


def test_nobody_there_can_be_tried_again():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(SourceError, match=r"cannot connect: .*refused") as fault:
        open_source(f"tcp://127.0.0.1:{port}")
    assert fault.value.retry


@pytest.mark.parametrize(
    ("spec", "address"),
    [
        ("tcp://host:1235", ("host", 1235)),
        ("tcp://host", ("host", 1234)),
        ("tcp://host:9/", ("host", 9)),
        ("tcp://[::1]:1235", ("::1", 1235)),
        ("tcp://[::1]", ("::1", 1234)),
    ],
)
def test_addresses(spec, address):
    assert parse_address(spec) == address


@pytest.mark.parametrize("spec", ["tcp://", "tcp://:1", "tcp://host:x", "tcp://host:0", "tcp://host:99999"])
def test_what_is_no_address_is_refused(spec):
    with pytest.raises(SourceError):
        open_source(spec)
