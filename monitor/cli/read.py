"""`examwatch read`: what files say, which codes they show, how much they look like an exam paper.

Each file is read in a process that can be killed, several at a time, and told in the order given.
A file that cannot be read is named with its reason; the others are read all the same. Names and
seats of candidates are left out unless they are asked for.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from crawlers.errors import CrawlError
from crawlers.extract.file import Caps
from crawlers.extract.image.file import FileReading, read_file
from crawlers.extract.image.reader import PAGE_LIMIT_S, START_LIMIT_S, OcrReader
from crawlers.workshop import ProcessWorkshop, Workshop
from monitor.cli.posts import each_record
from monitor.faults import Fault, InputError
from monitor.paper import likest

MAX_FILE_BYTES = 64 * 2**20
CAPS = Caps(max_bytes=128 * 2**20, max_pages=100)
"""Higher than for what strangers post: a person has chosen these files."""
FILE_LIMIT_S = START_LIMIT_S + 30 * PAGE_LIMIT_S
"""For a whole file; each of its pictures has a limit of its own."""
N_AT_A_TIME = 4


def read_command(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Picture, PDF, DOCX, ZIP, HTML, text. 待识别的文件。"),
    ],
    personal: Annotated[
        bool,
        typer.Option("--personal", help="Also names and seats seen in pictures. 输出照片中的姓名与座位。"),
    ] = False,
    jobs: Annotated[
        int, typer.Option("--jobs", min=1, max=64, help="Files read at a time. 同时识别的文件数。")
    ] = min(N_AT_A_TIME, os.cpu_count() or 1),
) -> None:
    """What FILEs say, as one JSON object a line. 识别文件中的文字、二维码与试卷相似度。

    Example: examwatch read photo.jpg paper.pdf tips.zip
    """
    faults: list[Fault] = []
    asyncio.run(_run(files, faults, personal=personal, n_at_a_time=jobs))
    if faults:
        sys.stdout.flush()
        raise InputError(faults)


async def _run(files: Sequence[str], faults: list[Fault], *, personal: bool, n_at_a_time: int) -> None:
    screen = Console(stderr=True)
    with Progress(console=screen, transient=True, disable=not screen.is_terminal) as progress:
        bar = progress.add_task("read / 识别", total=len(files))
        async with (
            ProcessWorkshop(n_at_a_time) as workshop,
            aclosing(read_all(files, workshop, n_at_a_time)) as readings,
        ):
            async for file, reading in readings:
                if isinstance(reading, Fault):
                    faults.append(reading)
                else:
                    faults += [Fault(file, 0, _inside(file, one)) for one in reading.extracted.faults]
                    sys.stdout.write(each_record(record(file, reading, personal=personal)))
                    sys.stdout.flush()
                progress.advance(bar)


async def read_all(
    files: Sequence[str], workshop: Workshop, n_at_a_time: int
) -> AsyncGenerator[tuple[str, FileReading | Fault], None]:
    """A reading or a fault for each file, in order, while the next ones are being read."""
    ahead: list[asyncio.Task[FileReading | Fault]] = []
    try:
        for number, file in enumerate(files):
            while len(ahead) < n_at_a_time and number + len(ahead) < len(files):
                ahead.append(asyncio.create_task(_read(files[number + len(ahead)], workshop)))
            yield file, await ahead.pop(0)
    finally:
        for task in ahead:
            task.cancel()
        await asyncio.gather(*ahead, return_exceptions=True)


async def _read(file: str, workshop: Workshop) -> FileReading | Fault:
    data = await asyncio.to_thread(_bytes_of, file)
    if isinstance(data, Fault):
        return data
    try:
        return await workshop.run(read_file, data, Path(file).name, CAPS, OcrReader(), limit_s=FILE_LIMIT_S)
    except CrawlError as error:
        return Fault(file, 0, error.detail or str(error))


async def read_one(file: str) -> FileReading | Fault:
    """One file, in a process of its own."""
    async with ProcessWorkshop(1) as workshop:
        return await _read(file, workshop)


def _bytes_of(file: str) -> bytes | Fault:
    path = Path(file)
    try:
        if not path.is_file():
            return Fault(file, 0, "is no file" if path.exists() else "no such file")
        if path.stat().st_size > MAX_FILE_BYTES:
            return Fault(file, 0, f"over {MAX_FILE_BYTES} bytes")
        return path.read_bytes() or Fault(file, 0, "is empty")
    except (OSError, ValueError) as error:
        return Fault(file, 0, f"cannot be read: {getattr(error, 'strerror', None) or error}")


def _inside(file: str, fault: str) -> str:
    """The message of a part that failed, its path within the file first."""
    return " ".join(fault.removeprefix(Path(file).name).removeprefix("/").removeprefix(": ").split())


def record(file: str, reading: FileReading, *, personal: bool = False) -> dict[str, Any]:
    """What is printed for one file."""
    extracted, pictures = reading.extracted, reading.pictures
    answer: dict[str, Any] = {
        "file": file,
        "text": extracted.text,
        "qr": list(extracted.qr),
        "paper_likeness": likest([*reading.parts, *(picture.text for picture in pictures)]).score,
        "pages": max(1, extracted.n_pages),
        "media_type": extracted.media_type,
        "pdq": extracted.pdq,
        "claimed_at": next((picture.claimed_at for picture in pictures if picture.claimed_at), None),
    }
    if personal:
        answer["personal"] = [
            {"name": one.name, "seat": one.seat, "number": one.number}
            for one in (picture.personal for picture in pictures)
            if not one.is_empty
        ]
    return answer
