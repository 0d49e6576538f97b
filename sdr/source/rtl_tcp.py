"""A dongle behind rtl_tcp, on this machine or another: ``tcp://host:port``.

    server -> 12 bytes: "RTL0", tuner kind u32, number of gains u32; then bytes I Q I Q ...
    client -> 5 bytes: command u8, value u32; all big-endian, never answered

The server drops its oldest buffers without a word when the line is slow, so
losses are found by the clock (`sdr.gaps`), and a retune is believed only after
what was under way has been thrown away.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
import time

import numpy as np

from sdr.source.base import SourceError
from sdr.source.clock import Clock
from sdr.source.live import Deliver, LiveSource
from sdr.types import Hop

DEFAULT_PORT = 1234
_SET_CENTER, _SET_RATE, _SET_GAIN_MODE, _SET_GAIN, _SET_PPM = 0x01, 0x02, 0x03, 0x04, 0x05
_SET_AGC, _SET_BIAS_TEE = 0x08, 0x0E
_CONNECT_S = 5.0
_RECEIVE_S = 0.2
_QUIET_S, _GATHER_S = 0.002, 0.020
"""A delivery is over after so much silence, or so much time on a line that never falls silent."""
_N_BUFFER_BYTES = 1 << 19
_N_SERVER_BYTES = 16 * 32 * 512
"""rtl_tcp hands on what librtlsdr's default buffer holds."""


def open_rtl_tcp(
    spec: str, *, hop: Hop, clock: Clock, ppm: int | None = None, bias_tee: bool = False
) -> LiveSource:
    """Connect to the server that `spec` names.

    Raises
    ------
    SourceError
        With ``retry`` unless the address itself is wrong.
    """
    host, port = parse_address(spec)
    return LiveSource(spec, lambda: RtlTcpDriver(spec, host, port, ppm=ppm, bias_tee=bias_tee), hop, clock)


def parse_address(spec: str) -> tuple[str, int]:
    """Host and port of ``tcp://host:port``, ``tcp://[::1]:1234`` or ``tcp://host``."""
    rest = spec.removeprefix("tcp://").rstrip("/")
    host, port = (rest, "") if rest.endswith("]") or ":" not in rest else rest.rsplit(":", 1)
    host = host.removeprefix("[").removesuffix("]")
    if port and not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise SourceError(f"{spec}: {port!r} is not a port")
    if not host:
        raise SourceError(f"{spec}: write tcp://host:port")
    return host, int(port or DEFAULT_PORT)


class RtlTcpDriver:
    """One connection."""

    start_s = 0.25
    """The server streams from the moment of connection, and obeys some six commands meanwhile."""
    settle_s = 0.040
    """PLL 5 ms, the command's way and handling, and the server's thread that waits for its queue."""

    def __init__(self, spec: str, host: str, port: int, *, ppm: int | None, bias_tee: bool) -> None:
        self._spec = spec
        self._address = host, port
        self._ppm = ppm
        self._bias_tee = bias_tee
        self._socket: socket.socket | None = None
        self._stopped = threading.Event()

    def delivery_s(self, rate_hz: float) -> float:
        return _N_SERVER_BYTES / 2 / rate_hz

    def open(self, hop: Hop) -> None:
        try:
            connection = socket.create_connection(self._address, timeout=_CONNECT_S)
        except OSError as fault:
            reason = fault.strerror or str(fault)
            raise SourceError(f"{self._spec}: cannot connect: {reason}", retry=True) from fault
        self._socket = connection
        try:
            self._check_header(connection)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._command(_SET_RATE, round(hop.rate_hz))
            self._command(_SET_PPM, self._ppm or 0)
            self._command(_SET_AGC, 0)
            self._command(_SET_BIAS_TEE, int(self._bias_tee))
            self._set_gain(hop.gain_db)
            self._command(_SET_CENTER, round(hop.center_hz))
        except SourceError:
            self.close()
            raise

    def stream(self, deliver: Deliver) -> None:
        assert self._socket is not None
        view = memoryview(bytearray(_N_BUFFER_BYTES))
        buffer = np.frombuffer(view, dtype=np.uint8)
        n_kept = 0
        while not self._stopped.is_set():
            n = n_kept + self._receive(view[n_kept:])
            n_kept = n % 2
            if n >= 2:
                deliver(buffer[: n - n_kept].reshape(-1, 2))
                view[0] = view[n - 1]

    def apply(self, hop: Hop, before: Hop) -> None:
        if hop.rate_hz != before.rate_hz:
            self._command(_SET_RATE, round(hop.rate_hz))
        if hop.gain_db != before.gain_db:
            self._set_gain(hop.gain_db)
        if hop.center_hz != before.center_hz:
            self._command(_SET_CENTER, round(hop.center_hz))

    def stop(self) -> None:
        self._stopped.set()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _check_header(self, connection: socket.socket) -> None:
        header = b""
        try:
            while len(header) < 12:
                part = connection.recv(12 - len(header))
                if not part:
                    raise SourceError(
                        f"{self._spec}: the server hung up; is it in use by another?", retry=True
                    )
                header += part
        except OSError as fault:
            raise SourceError(f"{self._spec}: no answer within {_CONNECT_S:g} s", retry=True) from fault
        if header[:4] != b"RTL0":
            raise SourceError(f"{self._spec}: not an rtl_tcp server: its greeting is {header[:4]!r}")

    def _receive(self, room: memoryview) -> int:
        """What has come, after waiting for the first of it; what the server sent at once is timed as one."""
        assert self._socket is not None
        n, timeout_s, began_s = 0, _RECEIVE_S, 0.0
        while n < len(room) and (n == 0 or time.monotonic() - began_s < _GATHER_S):
            try:
                ready, _, _ = select.select([self._socket], [], [], timeout_s)
                if not ready:
                    break
                n_now = self._socket.recv_into(room[n:])
            except (OSError, ValueError) as fault:
                raise SourceError(f"{self._spec}: the connection broke: {fault}", retry=True) from fault
            if n_now == 0:
                raise SourceError(f"{self._spec}: the server hung up", retry=True)
            if n == 0:
                began_s, timeout_s = time.monotonic(), _QUIET_S
            n += n_now
        return n

    def _set_gain(self, gain_db: float | None) -> None:
        self._command(_SET_GAIN_MODE, int(gain_db is not None))
        if gain_db is not None:
            self._command(_SET_GAIN, round(10 * gain_db))

    def _command(self, command: int, value: int) -> None:
        if self._socket is None:
            raise SourceError(f"{self._spec}: not connected", retry=True)
        try:
            self._socket.sendall(struct.pack(">BI", command, value & 0xFFFFFFFF))
        except OSError as fault:
            raise SourceError(f"{self._spec}: the connection broke: {fault}", retry=True) from fault
