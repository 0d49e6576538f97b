"""A source's secrets: cookies and tokens, read from files of their own and never shown."""

from __future__ import annotations

from pathlib import Path

from crawlers.charset import decode
from crawlers.errors import CrawlError
from crawlers.source.base import SourceConfig

MAX_SECRET_BYTES = 64 * 1024


def read_secrets(config: SourceConfig) -> dict[str, str]:
    """Header values from the source's ``*_file``; read at each poll, so that a renewed cookie counts.

    Raises
    ------
    CrawlError
        Of kind ``file``, naming the file and never what is in it.
    """
    secrets: dict[str, str] = {}
    for name, path in config.header_files.items():
        secrets[name] = read_line(path)
    if config.cookie_file:
        secrets["Cookie"] = cookie_header(_secret(config.cookie_file), config.cookie_file)
    return secrets


def _secret(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return decode(file.read(MAX_SECRET_BYTES)).text
    except OSError as error:
        raise CrawlError("file", str(path), error.strerror or "cannot be read") from None


def read_line(path: Path) -> str:
    """The one line of a secret's file. Raises `CrawlError`."""
    value = _secret(path).strip()
    if not value or not value.isprintable():
        raise CrawlError("file", str(path), "one line of text is wanted")
    return value


def cookie_header(text: str, path: Path) -> str:
    """A Cookie header from a browser's ``cookies.txt`` (Netscape format) or from ``name=value; …``."""
    pairs: list[str] = []
    for line in text.splitlines():
        line = line.removeprefix("#HttpOnly_")
        columns = line.split("\t")
        if len(columns) == 7:
            pairs.append(f"{columns[5]}={columns[6]}")
        elif line.strip() and not line.startswith("#"):
            pairs.append(line.strip().rstrip(";"))
    header = "; ".join(pairs)
    if not header or not header.isprintable():
        raise CrawlError("file", str(path), "no cookie in it")
    return header
