"""What every section of a configuration is made of.

A relative path starts from the configuration's own folder, which comes as ``base`` in the
validation context.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


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


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
