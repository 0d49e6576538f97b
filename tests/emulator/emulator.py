"""Builds the emulated librtlsdr and holds its strings: see emulator.h."""

import mmap
import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
N_SLOTS, N_DEVICES = 32, 16
MISSING = next(
    (
        f"{what} is not installed"
        for what, is_there in (
            ("gcc", shutil.which("gcc") is not None),
            ("librtlsdr-dev", Path("/usr/include/rtl-sdr.h").exists()),
        )
        if not is_there
    ),
    None,
)


def _slot_numbers():
    """The names and numbers of `enum slot`, from the header itself."""
    body = re.search(r"enum slot \{(.*?)\};", (HERE / "emulator.h").read_text(), re.DOTALL)[1]
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL)
    numbers, number = {}, 0
    for part in body.split(","):
        name, _, value = part.partition("=")
        if name.strip():
            number = int(value) if value.strip() else number
            numbers[name.strip()] = number
            number += 1
    return numbers


SLOTS = _slot_numbers()


def build(folder):
    """librtlsdr.so in `folder`, for LD_LIBRARY_PATH."""
    library = folder / "librtlsdr.so.0"
    sources = [str(HERE / "world.c"), str(HERE / "device.c")]
    flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-Wl,-soname,librtlsdr.so.0"]
    subprocess.run(["gcc", *flags, "-o", str(library), *sources, "-lm", "-lpthread"], check=True)
    (folder / "librtlsdr.so").symlink_to(library.name)
    return folder


class Emulator:
    """The world file, and the shared memory that faults are put into."""

    def __init__(self, library_folder, folder, *, n_devices=1):
        self.world = folder / "emulator.world"
        self.control = folder / "emulator.control"
        self.world.touch()
        self.control.write_bytes(bytes(8 * N_SLOTS * N_DEVICES))
        self._attach()
        self.env = {
            "LD_LIBRARY_PATH": str(library_folder),
            "RTL_EMULATOR_WORLD": str(self.world),
            "RTL_EMULATOR_CONTROL": str(self.control),
        }
        self.describe("", n_devices=n_devices)

    @classmethod
    def attached(cls, world, control):
        """One that another process has set up."""
        self = cls.__new__(cls)
        self.world, self.control, self.env = world, control, {}
        self._attach()
        return self

    def _attach(self):
        with self.control.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)

    def describe(self, world, *, n_devices=1):
        """Put `world` on the air and `n_devices` receivers into it, unharmed."""
        self.world.write_text(f"devices {n_devices}\n{world}")
        self._map[:] = bytes(len(self._map))
        for device in range(n_devices):
            self.set("PLUGGED", 1, device)

    def get(self, slot, device=0):
        return struct.unpack_from("<q", self._map, 8 * (device * N_SLOTS + SLOTS[slot]))[0]

    def set(self, slot, value, device=0):
        struct.pack_into("<q", self._map, 8 * (device * N_SLOTS + SLOTS[slot]), value)

    def run(self, *command, timeout_s=60, **options):
        """Run a program over the emulated library."""
        return subprocess.run(
            command,
            env={**os.environ, **self.env},
            timeout=timeout_s,
            capture_output=True,
            check=False,
            **options,
        )

    def start(self, *command, **options):
        """Start a program over the emulated library."""
        return subprocess.Popen(
            command,
            env={**os.environ, **self.env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **options,
        )


PYTHON = sys.executable
