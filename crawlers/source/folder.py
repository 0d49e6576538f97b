"""A watched folder: what people, other tools and other platforms deliver as files.

    *.jsonl     one document a line: {"id", "url", "title", "text", "author", "published_at"}, text needed
    *.txt       one document, its first line the title
    *.html      one document

A file is read once, and again when it changes. A bad line is told by its place, the others count.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

from pydantic import Field, ValidationInfo, field_validator

from crawlers.charset import decode
from crawlers.errors import CrawlError
from crawlers.extract.html import parse_html, text_of
from crawlers.moment import read_time
from crawlers.source.base import Found, SourceConfig, Visit

ENDINGS = (".jsonl", ".txt", ".html", ".htm")


class FolderConfig(SourceConfig):
    path: Path
    """A folder, watched with what is in it, or a single file."""
    max_files: int = Field(default=10_000, ge=1)

    @field_validator("path", mode="after")
    @classmethod
    def _under_base(cls, value: Path, info: ValidationInfo) -> Path:
        base = (info.context or {}).get("base")
        return Path(base) / value if base else value


class Folder:
    def __init__(self, config: FolderConfig) -> None:
        self.config = config

    async def read(self, visit: Visit) -> AsyncIterator[Found]:
        files = await visit.run(list_files, self.config.path, self.config.max_files)
        visit.found_by(f"files {self.config.path}", len(files))
        known = await visit.marks([name for name, _ in files])
        for name, mark in files:
            if known.get(name) == mark:
                continue
            try:
                finds, faults = await visit.run(read_file, Path(name), self.config.max_bytes)
            except CrawlError as error:
                visit.fault(error)
                continue
            for fault in faults:
                visit.fault(fault)
            for found in finds:
                yield found
            await visit.mark(name, mark)


def list_files(root: Path, max_files: int) -> list[tuple[str, str]]:
    """Files that can be read, each with a mark that changes when it does; oldest name first."""
    try:
        paths = (
            [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.suffix.lower() in ENDINGS)
        )
        if not paths and not root.exists():
            raise CrawlError("file", str(root), "no such folder")
        marked: list[tuple[str, str]] = []
        for path in paths[:max_files]:
            status = path.stat()
            marked.append((str(path), f"{status.st_mtime_ns}:{status.st_size}"))
        return marked
    except OSError as error:
        raise CrawlError("file", str(root), error.strerror or str(error)) from None


def read_file(path: Path, max_bytes: int) -> tuple[list[Found], list[CrawlError]]:
    """The documents in a file, and a fault for each line that holds none."""
    try:
        with path.open("rb") as file:
            body = file.read(max_bytes + 1)
    except OSError as error:
        raise CrawlError("file", str(path), error.strerror or str(error)) from None
    if len(body) > max_bytes:
        raise CrawlError("too_large", str(path), f"over {max_bytes} bytes")
    text = decode(body).text
    url = path.absolute().as_uri()
    if path.suffix.lower() == ".jsonl":
        return _lines(text, path, url)
    if path.suffix.lower() in (".html", ".htm"):
        tree = parse_html(text)
        title = tree.css_first("title")
        plain = text_of(tree.body) if tree.body is not None else ""
        return [Found(path.name, url, text_of(title) if title else path.stem, plain)], []
    first, _, rest = text.strip().partition("\n")
    return [Found(path.name, url, first.strip(), rest.strip() or first.strip())], []


def _lines(text: str, path: Path, url: str) -> tuple[list[Found], list[CrawlError]]:
    finds: list[Found] = []
    faults: list[CrawlError] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            faults.append(CrawlError("parse", f"{path}:{number}", f"JSON: {error}"))
            continue
        if not isinstance(record, dict) or not isinstance(cast("dict[str, Any]", record).get("text"), str):
            faults.append(CrawlError("parse", f"{path}:{number}", 'no object with a "text"'))
            continue
        entry = cast("dict[str, Any]", record)
        identity = entry.get("id") or entry.get("url")
        digest = hashlib.sha256(line.encode("utf-8", "replace")).hexdigest()
        finds.append(
            Found(
                key=str(identity) if identity else digest,
                url=str(entry.get("url") or f"{url}#L{number}"),
                title=str(entry.get("title") or ""),
                text=str(entry["text"]),
                author=str(entry["author"]) if entry.get("author") else None,
                published_at=read_time(str(entry.get("published_at") or "")),
            )
        )
    return finds, faults
