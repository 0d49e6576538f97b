"""pyrtlsdr over whatever librtlsdr the system has, Debian's too.

pyrtlsdr 0.5 asks at import for functions that only the RTL-SDR Blog fork has
(dithering, GPIO) and cannot be imported over osmocom's library, which Debian
ships. It lets a module `pyrtlsdrlib` choose the library; we are that module
while it is imported, and answer for what is missing.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import sys
import threading
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from sdr.source.base import SourceError

_HARMLESS_IF_MISSING = frozenset({"rtlsdr_set_dithering"})
"""Called at every opening with what is the default anyway."""
_ASKED_BY_ABSENCE = frozenset({"rtlsdr_set_and_get_tuner_bandwidth", "rtlsdr_set_tuner_bandwidth"})
"""pyrtlsdr itself handles these being missing."""
_NOT_SUPPORTED = -12
"""LIBUSB_ERROR_NOT_SUPPORTED"""
_LOADING = threading.Lock()


class _Missing:
    """Stands for a function that this library lacks."""

    def __init__(self, result: int) -> None:
        self._result = result
        self.restype: object = None
        self.argtypes: object = None

    def __call__(self, *_: object) -> int:
        return self._result


class _Library(ctypes.CDLL):
    """A librtlsdr that has every function that pyrtlsdr names."""

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if not name.startswith("rtlsdr_") or name in _ASKED_BY_ABSENCE:
                raise
        missing = _Missing(0 if name in _HARMLESS_IF_MISSING else _NOT_SUPPORTED)
        setattr(self, name, missing)
        return missing


@dataclass(frozen=True, slots=True)
class Rtlsdr:
    """The library and pyrtlsdr's class over it."""

    lib: Any
    device_class: Any

    def open(self, index: int) -> Any:
        """A pyrtlsdr device; OSError with libusb's number as ``errno`` if it cannot be had."""
        return self.device_class(index)

    def gains(self, device: Any) -> list[int]:
        """The tuner's, in tenths of a decibel."""
        return sorted(device.gain_values)

    def usb_strings(self, index: int) -> tuple[str, str, str]:
        """Manufacturer, product and serial number; empty where they cannot be read."""
        texts = [(ctypes.c_ubyte * 256)() for _ in range(3)]
        if self.lib.rtlsdr_get_device_usb_strings(index, *texts) < 0:
            return "", "", ""
        first, second, third = (bytes(text).split(b"\0")[0].decode(errors="replace") for text in texts)
        return first, second, third


def load_rtlsdr() -> Rtlsdr:
    """The system's librtlsdr, LD_LIBRARY_PATH included, through pyrtlsdr.

    Raises
    ------
    SourceError
        Saying what to install.
    """
    with _LOADING:
        if "rtlsdr" not in sys.modules:
            _import_over(load_library(library_names()))
        module = importlib.import_module("rtlsdr.rtlsdr")
        return Rtlsdr(importlib.import_module("rtlsdr.librtlsdr").librtlsdr, module.RtlSdr)


def library_names() -> list[str]:
    """Where librtlsdr may be: LD_LIBRARY_PATH as it is now, then where the system looks."""
    folders = [folder for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":") if folder]
    names = [f"{folder}/librtlsdr.so{end}" for folder in folders for end in ("", ".0", ".2")]
    return [*names, "librtlsdr.so.0", "librtlsdr.so.2", "librtlsdr.so"]


def load_library(names: list[str]) -> ctypes.CDLL:
    """The first of `names` that can be loaded.

    Raises
    ------
    SourceError
        Saying what to install.
    """
    for name in names:
        try:
            return _Library(name)
        except OSError:
            continue
    raise SourceError("librtlsdr is not installed: run  apt install librtlsdr0")


def _import_over(library: ctypes.CDLL) -> None:
    chooser = ModuleType("pyrtlsdrlib")
    chooser.__dict__["load_librtlsdr"] = lambda: library
    before = sys.modules.get("pyrtlsdrlib")
    sys.modules["pyrtlsdrlib"] = chooser
    try:
        importlib.import_module("rtlsdr")
    except ImportError as fault:
        raise SourceError("pyrtlsdr is not installed: run  pip install 'examwatch[usb]'") from fault
    finally:
        if before is None:
            del sys.modules["pyrtlsdrlib"]
        else:
            sys.modules["pyrtlsdrlib"] = before
