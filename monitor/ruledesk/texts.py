"""The files of rules as texts that people edit: found, written whole or not at all, put back. Blocking.

What comes with the program is not written to: the next upgrade would undo it.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from monitor.ruledesk.shelf import RuleFiles
from rules.load import LIBRARY, rule_files

_ID = re.compile(r"^id:[ \t]*[\"']?([A-Za-z0-9-]+)", re.MULTILINE)


class NotWritableError(Exception):
    """There is no place to save to; says in both languages why, and what to do."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(f"{en} / {zh}")


class ChangedError(Exception):
    """Somebody changed the file since it was read for editing."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file as it stands."""

    file: Path
    text: str
    writable: bool

    @property
    def digest(self) -> str:
        return digest_of(self.text)


def digest_of(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def find_rule(files: RuleFiles, rule_id: str) -> Written | None:
    """The file that holds the rule; None where no file does any more."""
    for file in (file for folder in files.folders for file in rule_files(folder)):
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        found = _ID.search(text)
        if found is not None and found[1] == rule_id:
            return Written(file, text, _is_writable(file))
    return None


def find_exceptions(files: RuleFiles) -> Written | None:
    """Raises OSError where the file cannot be read."""
    file = files.exceptions
    return Written(file, file.read_text("utf-8"), _is_writable(file)) if file is not None else None


def place_for(files: RuleFiles, rule_id: str) -> Path:
    """The file to save the rule to: its own, or a new one in the first folder of one's own.

    Raises
    ------
    NotWritableError
        The rule comes with the program, or no folder of rules can be written to.
    """
    known = find_rule(files, rule_id)
    if known is not None and known.writable:
        return known.file
    if known is not None:
        raise NotWritableError(
            f"{known.file} is not to be changed: copy the library into a folder of your own, name it under "
            "rules: dirs: in the configuration, and restart",
            f"{known.file} 不可修改：请将规则库复制到自己的目录，在配置 rules: dirs: 中指定并重启",
        )
    for folder in files.folders:
        if folder.is_dir() and _is_writable(folder / "new.yml"):
            return folder / f"{rule_id}.yml"
    raise NotWritableError(
        "no folder of rules can be written to; name one of your own under rules: dirs: in the configuration",
        "没有可写的规则目录；请在配置 rules: dirs: 中指定自己的目录",
    )


def put_text(file: Path, text: str | None) -> str | None:
    """Have `text` in `file` when this returns, None for no file; what was there before. Raises OSError."""
    try:
        before = file.read_text("utf-8")
    except FileNotFoundError:
        before = None
    if text is None:
        file.unlink(missing_ok=True)
        return before
    # Hidden, so that nobody reads it as a rule while it is written.
    draft = file.with_name(f".{file.name}.new")
    with draft.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)
    return before


def put_text_if(file: Path, text: str | None, was: str | None) -> str | None:
    """`put_text`, unless what stands there is not what `was` is the digest of. Raises `ChangedError`."""
    try:
        stands = digest_of(file.read_text("utf-8"))
    except FileNotFoundError:
        stands = None
    if stands != was:
        raise ChangedError
    return put_text(file, text)


def _is_writable(file: Path) -> bool:
    place = file if file.exists() else file.parent
    return not file.resolve().is_relative_to(LIBRARY.resolve()) and all(
        os.access(one, os.W_OK) for one in {place, file.parent}
    )
