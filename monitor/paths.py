"""What every section of a configuration is made of.

A relative path starts from the configuration's own folder, which comes as ``base`` in the
validation context.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from monitor.strict import Id, Strict

__all__ = ["ExistingPath", "FilePath", "Id", "Strict", "existing", "resolved"]


def _base(info: ValidationInfo) -> Path:
    return Path((info.context or {}).get("base", "."))


def resolved(path: Path, info: ValidationInfo) -> Path:
    return (_base(info) / path).resolve()


def existing(path: Path, info: ValidationInfo) -> Path:
    found = resolved(path, info)
    if not found.exists():
        raise ValueError(f"no such file: {found}")
    return found


FilePath = Annotated[Path, AfterValidator(resolved)]
ExistingPath = Annotated[Path, AfterValidator(existing)]
