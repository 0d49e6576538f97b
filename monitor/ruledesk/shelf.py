"""Editions of the rules on disk, so that what was rolled back stays so over a restart.

    rules/editions/7/0-rules/...   the files of edition 7 as they were read
    rules/editions/7/exceptions.yml
    rules/away.json                the digest of the files that were rolled back from, and the edition to open

Files that were rolled back from are not read again before somebody changes them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rules.load import rule_files

KEPT = 20


@dataclass(frozen=True, slots=True)
class RuleFiles:
    """Where rules and exceptions stand."""

    folders: tuple[Path, ...]
    exceptions: Path | None = None

    def rules(self) -> list[Path]:
        return [file for folder in self.folders for file in rule_files(folder)]

    def all(self) -> list[Path]:
        return [*self.rules(), *([self.exceptions] if self.exceptions is not None else [])]

    def digest(self) -> str:
        """Of all that stands in them; another one after any change. Unreadable files count by name."""
        whole = hashlib.sha256()
        for file in self.all():
            try:
                content = file.read_bytes()
            except OSError:
                content = b""
            whole.update(f"{file}\n{len(content)}\n".encode())
            whole.update(content)
        return whole.hexdigest()

    def stamp(self) -> tuple[tuple[str, int, int], ...]:
        """Names, sizes and times: cheap to ask every few seconds."""
        found: list[tuple[str, int, int]] = []
        for file in self.all():
            try:
                about = file.stat()
            except OSError:
                continue
            found.append((str(file), about.st_size, about.st_mtime_ns))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Away:
    """A roll-back that holds: which edition, its copies, and who asked for it."""

    number: int
    files: RuleFiles
    author: str


class Shelf:
    """Blocking. Raises OSError where the disk refuses."""

    def __init__(self, root: Path) -> None:
        self._editions = root / "editions"
        self._away = root / "away.json"

    def keep(self, files: RuleFiles) -> int:
        """Copy `files` as an edition, if they are not the newest one; its number. All over `KEPT` go."""
        newest, digest = self.newest(), self._content(files)
        if newest and self._content(self.files(newest)) == digest:
            return newest
        number = newest + 1
        place = self._editions / str(number)
        for i, folder in enumerate(files.folders):
            for file in rule_files(folder):
                within = Path(file.name) if folder.is_file() else file.relative_to(folder)
                target = place / f"{i}-rules" / within
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)
        if files.exceptions is not None:
            place.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(files.exceptions, place / "exceptions.yml")
        for old in self._numbers()[:-KEPT]:
            shutil.rmtree(self._editions / str(old), ignore_errors=True)
        return number

    def files(self, number: int) -> RuleFiles | None:
        """The copies of edition `number`, if they are still there."""
        place = self._editions / str(number)
        folders = tuple(sorted(place.glob("*-rules"))) if place.is_dir() else ()
        exceptions = place / "exceptions.yml"
        return RuleFiles(folders, exceptions if exceptions.exists() else None) if folders else None

    def turn_away(self, digest: str, number: int, author: str) -> None:
        """Files of `digest` were rolled back from by `author`; edition `number` holds instead."""
        self._editions.mkdir(parents=True, exist_ok=True)
        draft = self._away.with_suffix(".new")
        body = {"digest": digest, "edition": number, "author": author}
        draft.write_text(json.dumps(body), encoding="utf-8")
        draft.replace(self._away)

    def welcome(self) -> None:
        """Whatever stands in the files holds again."""
        self._away.unlink(missing_ok=True)

    def away(self, files: RuleFiles) -> Away | None:
        """What is to hold in place of `files`, where they were rolled back from and stand unchanged."""
        try:
            said: dict[str, Any] = json.loads(self._away.read_text(encoding="utf-8"))
            if said["digest"] != files.digest():
                return None
            number = int(said["edition"])
            copies = self.files(number)
            return Away(number, copies, str(said["author"])) if copies is not None else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def away_stamp(self) -> int:
        """Another number after any roll-back, whoever asked for it."""
        try:
            return self._away.stat().st_mtime_ns
        except OSError:
            return 0

    def newest(self) -> int:
        """The highest number that was kept; 0 when there is none."""
        return max(self._numbers(), default=0)

    def number_of(self, files: RuleFiles) -> int:
        """The newest edition that is a copy of `files`; 0 when none is."""
        content = self._content(files)
        return max((n for n in self._numbers() if self._content(self.files(n)) == content), default=0)

    def kept_at(self, number: int) -> datetime:
        return datetime.fromtimestamp((self._editions / str(number)).stat().st_mtime, UTC)

    def before(self, number: int) -> int:
        """The number that was kept before `number`; 0 when there is none."""
        return max((other for other in self._numbers() if other < number), default=0)

    @staticmethod
    def _content(files: RuleFiles | None) -> list[bytes]:
        return [file.read_bytes() for file in files.all()] if files is not None else []

    def _numbers(self) -> Sequence[int]:
        if not self._editions.is_dir():
            return []
        return sorted(int(path.name) for path in self._editions.iterdir() if path.name.isdigit())
