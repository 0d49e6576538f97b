"""Dongles on this machine: ``rtl:0``, ``rtl:serial=00000001``, and ``,bias=1`` or ``,direct=q`` after either.

pyrtlsdr's raw byte reads only, in a thread of ours. Not its properties either:
when one of its setters fails it closes the device, and closing waits for ever
for a stream that nobody cancels.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from sdr.source.base import SourceError
from sdr.source.clock import Clock
from sdr.source.librtlsdr import Rtlsdr, load_rtlsdr
from sdr.source.live import Deliver, LiveSource
from sdr.types import Hop

_DELIVERY_S = 0.008
"""Short, so that little is in flight at a retune; each costs some 30 us of Python."""
_MOST_BUFFERED_S = 1.0
_ALL_BUFFERS_BYTES = 13e6
"""In the kernel, for as long as this process may be held up; shared by all dongles that are plugged in. Linux
gives all of USB 16 MB (usbcore.usbfs_memory_mb): librtlsdr's own 15 x 256 KiB would fit four times."""
_RATES_HZ = ((225_001, 300_000), (900_001, 3_200_000))
"""rtl-sdr.h, rtlsdr_set_sample_rate."""

UDEV_RULE = (
    'SUBSYSTEM=="usb", ATTRS{idVendor}=="0bda", ATTRS{idProduct}=="283?", '
    'MODE="0660", GROUP="plugdev", TAG+="uaccess"'
)
_NO_PERMISSION = (
    f"no permission to use it: put  {UDEV_RULE}  into /etc/udev/rules.d/20-rtlsdr.rules, "
    "run  udevadm control --reload-rules  and plug it in again"
)
_BUSY = (
    "in use by another program (rtl_tcp, rtl_433 ...), or by the kernel's TV driver: "
    "then run  modprobe -r dvb_usb_rtl28xxu"
)
_OPEN_FAULTS = {-3: (_NO_PERMISSION, False), -4: ("it was unplugged", True), -6: (_BUSY, True)}
"""libusb's numbers: ACCESS, NO_DEVICE, BUSY."""


@dataclass(frozen=True, slots=True)
class Dongle:
    """One that is plugged in."""

    index: int
    name: str
    manufacturer: str
    product: str
    serial: str
    fault: str | None = None
    """Why it cannot be used now."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which dongle, and how it is wired."""

    index: int = 0
    serial: str | None = None
    bias_tee: bool = False
    direct_sampling: int = 0
    """0 off, 1 the I input, 2 the Q input."""


def open_usb(spec: str, *, hop: Hop, clock: Clock, ppm: int | None = None) -> LiveSource:
    """Open the dongle that `spec` names.

    Raises
    ------
    SourceError
    """
    selection = parse_selection(spec)
    check_rate(spec, hop.rate_hz)
    rtlsdr = load_rtlsdr()
    return LiveSource(spec, lambda: UsbDriver(spec, rtlsdr, selection, ppm or 0), hop, clock)


def list_dongles() -> list[Dongle]:
    """Everything that librtlsdr finds.

    Raises
    ------
    SourceError
        If librtlsdr or pyrtlsdr is missing.
    """
    rtlsdr = load_rtlsdr()
    return [_describe(rtlsdr, index) for index in range(rtlsdr.lib.rtlsdr_get_device_count())]


def parse_selection(spec: str) -> Selection:
    """The parts of ``rtl:0,bias=1,direct=q``."""
    values: dict[str, Any] = {}
    for number, part in enumerate(spec.removeprefix("rtl:").split(",")):
        key, _, value = part.partition("=")
        if number == 0 and part.isascii() and part.isdecimal():
            values["index"] = int(part)
        elif number == 0 and key == "serial" and value:
            values["serial"] = value
        elif number and key == "bias" and value in ("0", "1"):
            values["bias_tee"] = value == "1"
        elif number and key == "direct" and value in ("0", "i", "q"):
            values["direct_sampling"] = "0iq".index(value)
        else:
            raise SourceError(
                f"{spec}: {part!r} is not understood; write rtl:0 or rtl:serial=1, then ,bias=1 or ,direct=q"
            )
    return Selection(**values)


def check_rate(spec: str, rate_hz: float) -> None:
    """Refuse what no RTL2832 can sample at."""
    if not any(low <= rate_hz <= high for low, high in _RATES_HZ):
        raise SourceError(f"{spec}: {rate_hz:.0f} S/s is outside 225001-300000 and 900001-3200000")


class UsbDriver:
    """One opening of one dongle."""

    start_s = 0.015
    settle_s = 0.015
    """PLL 5 ms; the rest is a delivery that was being filled when the tuner was set."""

    def __init__(self, spec: str, rtlsdr: Rtlsdr, selection: Selection, ppm: int) -> None:
        self._spec = spec
        self._rtlsdr = rtlsdr
        self._selection = selection
        self._ppm = ppm
        self._device: Any = None
        self._gains: list[int] = []
        self._n_delivery_bytes = 0
        self._n_buffers = 0
        self._stopped = threading.Event()

    def delivery_s(self, rate_hz: float) -> float:
        return _delivery_bytes(rate_hz) / 2 / rate_hz

    def open(self, hop: Hop) -> None:
        index = self._find()
        try:
            self._device = self._rtlsdr.open(index)
        except OSError as fault:
            text, retry = _OPEN_FAULTS.get(fault.errno or 0, (f"cannot be opened: {fault}", True))
            raise SourceError(f"{self._spec}: {text}", retry=retry) from fault
        self._gains = self._rtlsdr.gains(self._device)
        try:
            if self._ppm:
                self._set("rtlsdr_set_freq_correction", self._ppm)
            if self._selection.direct_sampling:
                self._set("rtlsdr_set_direct_sampling", self._selection.direct_sampling)
            if self._selection.bias_tee:
                self._set("rtlsdr_set_bias_tee", 1)
            self._set("rtlsdr_set_agc_mode", 0)
            self._set("rtlsdr_set_sample_rate", round(hop.rate_hz))
            self._set_gain(hop.gain_db)
            self._set("rtlsdr_set_center_freq", round(hop.center_hz))
            self._set("rtlsdr_reset_buffer")
        except SourceError:
            self.close()
            raise
        self._n_delivery_bytes = _delivery_bytes(hop.rate_hz)
        n_bytes = min(
            _MOST_BUFFERED_S * 2 * hop.rate_hz,
            _ALL_BUFFERS_BYTES / max(1, self._rtlsdr.lib.rtlsdr_get_device_count()),
        )
        self._n_buffers = max(4, int(n_bytes / self._n_delivery_bytes))

    def stream(self, deliver: Deliver) -> None:
        def on_bytes(values: object, _: object) -> None:
            if self._stopped.is_set():
                self._cancel()
                return
            flat = np.frombuffer(cast("Any", values), dtype=np.uint8)
            deliver(flat[: len(flat) & ~1].reshape(-1, 2))

        self._device.DEFAULT_ASYNC_BUF_NUMBER = self._n_buffers
        if self._stopped.is_set():
            return
        try:
            self._device.read_bytes_async(on_bytes, self._n_delivery_bytes)
        except OSError as fault:
            raise SourceError(f"{self._spec}: reading failed: {fault}", retry=True) from fault
        if not self._stopped.is_set():
            raise SourceError(f"{self._spec}: was unplugged, or stopped sending", retry=True)

    def apply(self, hop: Hop, before: Hop) -> None:
        if hop.rate_hz != before.rate_hz:
            check_rate(self._spec, hop.rate_hz)
            self._set("rtlsdr_set_sample_rate", round(hop.rate_hz))
        if hop.gain_db != before.gain_db:
            self._set_gain(hop.gain_db)
        if hop.center_hz != before.center_hz:
            self._set("rtlsdr_set_center_freq", round(hop.center_hz))

    def stop(self) -> None:
        self._stopped.set()
        self._cancel()

    def close(self) -> None:
        if self._device is not None:
            self._device.close()
            self._device = None

    def _find(self) -> int:
        lib = self._rtlsdr.lib
        n_dongles = lib.rtlsdr_get_device_count()
        serial = self._selection.serial
        if n_dongles == 0:
            raise SourceError(f"{self._spec}: no RTL-SDR dongle is plugged in", retry=True)
        if serial is None:
            if self._selection.index >= n_dongles:
                raise SourceError(
                    f"{self._spec}: {n_dongles} dongle(s) plugged in, counted from 0", retry=True
                )
            return self._selection.index
        index = int(lib.rtlsdr_get_index_by_serial(serial.encode()))
        if index < 0:
            there = ", ".join(_describe(self._rtlsdr, number).serial or "?" for number in range(n_dongles))
            raise SourceError(
                f"{self._spec}: no dongle with this serial number; there are {there}", retry=True
            )
        return index

    def _cancel(self) -> None:
        if self._device is not None:
            # Else pyrtlsdr closes the device when there is nothing to cancel yet.
            self._device.read_async_canceling = True
            self._device.cancel_read_async()

    def _set_gain(self, gain_db: float | None) -> None:
        self._set("rtlsdr_set_tuner_gain_mode", int(gain_db is not None))
        if gain_db is not None:
            self._set("rtlsdr_set_tuner_gain", min(self._gains, key=lambda gain: abs(gain - 10 * gain_db)))

    def _set(self, function: str, *values: int) -> None:
        if self._device is None:
            raise SourceError(f"{self._spec}: not open", retry=True)
        result = int(getattr(self._rtlsdr.lib, function)(self._device.dev_p, *values))
        # -2 of the correction means: it was that already.
        if result < 0 and not (function == "rtlsdr_set_freq_correction" and result == -2):
            what = function.removeprefix("rtlsdr_").replace("_", " ")
            said = f"{what} {values[0]}" if values else what
            raise SourceError(f"{self._spec}: the receiver refused to {said} (error {result})", retry=True)


def _delivery_bytes(rate_hz: float) -> int:
    """Whole USB packets of 512 bytes."""
    return max(1, round(2 * rate_hz * _DELIVERY_S / 512)) * 512


def _describe(rtlsdr: Rtlsdr, index: int) -> Dongle:
    manufacturer, product, serial = rtlsdr.usb_strings(index)
    name = cast("bytes | None", rtlsdr.lib.rtlsdr_get_device_name(index)) or b""
    return Dongle(index, name.decode(errors="replace"), manufacturer, product, serial)


def with_state(dongle: Dongle) -> Dongle:
    """`dongle` with `fault` filled in by opening it for a moment; a running one is not disturbed."""
    rtlsdr = load_rtlsdr()
    fault: str | None = None
    try:
        rtlsdr.open(dongle.index).close()
    except OSError as refused:
        fault = _OPEN_FAULTS.get(refused.errno or 0, (f"cannot be opened: {refused}", True))[0]
    return Dongle(dongle.index, dongle.name, dongle.manufacturer, dongle.product, dongle.serial, fault)
