"""`examwatch bank`: a key, a bank of fingerprints made with it, posts matched against it.

The bank holds no plain text; the key is a file of its own that only its owner reads. A paper
that cannot be read is named, the others are built; nothing is written half.
"""

from __future__ import annotations

import asyncio
import codecs
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress

from monitor.cli.posts import each_record, read_posts
from monitor.faults import Fault, InputError
from rules.text.bank import Bank, BankError, Item, new_key, read_key, write_key
from rules.text.items import split_items

app = typer.Typer(
    no_args_is_help=True,
    help="Secret items as keyed fingerprints: make, match. 涉密题目指纹库：生成与比对。",
)

KeyFile = Annotated[Path, typer.Option("--key", help="Key file, as made by `bank key`. 密钥文件。")]
ReadPages = Callable[[Path], str]
"""A reader of a kind of file: its whole text, lines in reading order; raises ValueError with a reason."""


class _Line(msgspec.Struct):
    item: str
    text: str


@app.command()
def key(out: Annotated[Path, typer.Option("--out", help="Where to write the key. 密钥写入位置。")]) -> None:
    """Make a new key, readable by its owner alone. 生成新密钥（仅本人可读）。

    Example: examwatch bank key --out bank.key
    """
    try:
        write_key(out, new_key())
    except FileExistsError:
        raise InputError([Fault(str(out), 0, "exists already; a key is never overwritten")]) from None
    except OSError as error:
        raise InputError([Fault(str(out), 0, f"cannot be written: {error.strerror}")]) from error


@app.command()
def build(
    papers: Annotated[
        list[Path], typer.Argument(help="Papers: .txt .jsonl .docx .pdf or a picture. 试卷文件或图片。")
    ],
    key: KeyFile,
    out: Annotated[Path, typer.Option("--out", help="The bank to write. 输出的指纹库。")],
) -> None:
    """Fingerprint the items of papers. 为试卷题目生成指纹库。

    Example: examwatch bank build math.docx english.pdf --key bank.key --out june.bank
    """
    secret = _key(key)
    faults: list[Fault] = []
    items: list[Item] = []
    screen = Console(stderr=True)
    with Progress(console=screen, transient=True, disable=not screen.is_terminal) as progress:
        for paper in progress.track(papers, description="papers / 试卷"):
            items.extend(_unique(items_of(paper, faults), items))
    if not items:
        raise InputError(faults or [Fault(str(out), 0, "no item in any paper; nothing was written")])
    bank, weak = Bank.build(items, secret)
    try:
        bank.save(out)
    except OSError as error:
        raise InputError([Fault(str(out), 0, f"cannot be written: {error.strerror}")]) from error
    screen.print(f"{len(items)} items / {len(items)} 道题 → {out}", highlight=False, soft_wrap=True)
    if weak:
        names = ", ".join(weak[:10]) + (" …" if len(weak) > 10 else "")
        screen.print(
            f"too short or too common to be told from chance / 过短或过于常见，无法可靠比对: {names}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    if faults:
        raise InputError(faults)


@app.command()
def match(
    bank: Annotated[Path, typer.Argument(help="The bank. 指纹库。")],
    key: KeyFile,
    file: Annotated[str, typer.Argument(help="Posts, one JSON object a line; - for standard input.")] = "-",
) -> None:
    """Which items each post quotes. 每条帖子引用了哪些题目。

    Example: examwatch bank match june.bank --key bank.key posts.jsonl
    """
    known = open_bank(bank, key)
    faults: list[Fault] = []
    for post in read_posts(file, faults):
        found = [msgspec.to_builtins(one) for one in known.match(post.read_text)]
        sys.stdout.write(each_record({"id": post.id, "matches": [], "bank": found}))
    if faults:
        sys.stdout.flush()
        raise InputError(faults)


def open_bank(bank: Path, key: Path) -> Bank:
    """Load a bank with its key.

    Raises
    ------
    InputError
        With the file at fault and why.
    """
    try:
        return Bank.load(bank, read_key(key))
    except BankError as error:
        raise _as_input(error) from error


def _key(path: Path) -> bytes:
    try:
        return read_key(path)
    except BankError as error:
        raise _as_input(error) from error


def _as_input(error: BankError) -> InputError:
    file, _, rest = str(error).partition(":")
    line, _, message = rest.partition(": ")
    return InputError([Fault(file, int(line), message)])


def _unique(new: Iterator[Item], known: list[Item]) -> list[Item]:
    """Items of another paper of the same name get a number, so that no name stands for two."""
    taken = {item.name for item in known}
    renamed: list[Item] = []
    for item in new:
        name, n = item.name, 2
        while name in taken:
            name, n = f"{item.name} ({n})", n + 1
        taken.add(name)
        renamed.append(Item(name, item.text))
    return renamed


def _read_text_file(path: Path) -> str:
    raw = path.read_bytes()
    marked = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValueError("neither UTF-8 nor UTF-16 nor GB18030 text")


def _read_docx(path: Path) -> str:
    from zipfile import BadZipFile

    import docx
    from docx.opc.exceptions import PackageNotFoundError

    try:
        document = docx.Document(str(path))
    except (PackageNotFoundError, BadZipFile, KeyError) as error:
        raise ValueError("no Word document (.docx)") from error
    lines = [paragraph.text for paragraph in document.paragraphs]
    lines += [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join(lines)


def _read_pdf(path: Path) -> str:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        raise ValueError(f"no readable PDF: {error}") from error
    try:
        text = "\n".join(document[index].get_textpage().get_text_bounded() for index in range(len(document)))
    finally:
        document.close()
    return text if text.strip() else _read_by_eye(path)


def _read_by_eye(path: Path) -> str:
    """What a picture, or a PDF of scans, shows."""
    from monitor.cli.read import read_one

    reading = asyncio.run(read_one(str(path)))
    if isinstance(reading, Fault):
        raise ValueError(reading.message)
    return reading.extracted.text


PICTURES: Final = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
READERS: Final[Mapping[str, ReadPages]] = {
    ".txt": _read_text_file,
    ".docx": _read_docx,
    ".pdf": _read_pdf,
    **dict.fromkeys(PICTURES, _read_by_eye),
}


def items_of(paper: Path, faults: list[Fault], readers: Mapping[str, ReadPages] = READERS) -> Iterator[Item]:
    """The items of one paper; what is wrong with it goes to `faults`.

    Parameters
    ----------
    readers
        By suffix, in lower case.
    """
    suffix = paper.suffix.lower()
    if suffix == ".jsonl":
        yield from _items_of_lines(paper, faults)
        return
    reader = readers.get(suffix)
    if reader is None:
        kinds = " ".join((".jsonl", *readers))
        faults.append(Fault(str(paper), 0, f"cannot read a paper of kind '{suffix}'; known: {kinds}"))
        return
    try:
        text = reader(paper)
    except OSError as error:
        faults.append(Fault(str(paper), 0, f"cannot be read: {error.strerror}"))
    except ValueError as error:
        faults.append(Fault(str(paper), 0, str(error)))
    else:
        items = split_items(paper.stem, text)
        if not items:
            faults.append(Fault(str(paper), 0, "no text in it"))
        yield from items


def _items_of_lines(paper: Path, faults: list[Fault]) -> Iterator[Item]:
    try:
        lines = paper.read_bytes().removeprefix(codecs.BOM_UTF8).splitlines()
    except OSError as error:
        faults.append(Fault(str(paper), 0, f"cannot be read: {error.strerror}"))
        return
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = msgspec.json.decode(line, type=_Line)
        except UnicodeDecodeError:
            faults.append(Fault(str(paper), number, "no item: not UTF-8 text; save the file as UTF-8"))
            continue
        except msgspec.DecodeError as error:
            faults.append(Fault(str(paper), number, f"no item: {error}"))
            continue
        yield Item(entry.item, entry.text)
