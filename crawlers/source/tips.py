"""Tips from the box: each becomes a document once, with the files that were sent.

The form and the hotline's entry (`crawlers.tips.app`) fill the box; whoever serves them
names the same folder.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from pydantic import Field, ValidationInfo, field_validator

from crawlers.source.base import Found, SourceConfig, Visit, under
from crawlers.tips.box import KeptTip, new_tips, take

MAX_AT_A_POLL = 500
_LABELS = (("exam", "考试 Exam"), ("place", "地点 Place"), ("link", "链接 Link"))


class TipsConfig(SourceConfig):
    path: Path
    """The box."""
    every_s: float | None = Field(default=5.0, ge=1, le=86_400)
    hotline_token_file: Path | None = None
    n_proxies: int = Field(default=0, ge=0, le=5)
    """Reverse proxies of one's own in front of the form."""

    @field_validator("path", mode="after")
    @classmethod
    def _box_under_base(cls, value: Path, info: ValidationInfo) -> Path:
        return under(value, info)

    @field_validator("hotline_token_file", mode="after")
    @classmethod
    def _token_under_base(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        return value and under(value, info)


class Tips:
    def __init__(self, config: TipsConfig) -> None:
        self.config = config

    async def read(self, visit: Visit) -> AsyncIterator[Found]:
        tips, faults = await visit.run(new_tips, self.config.path, MAX_AT_A_POLL)
        visit.found_by(f"tips {self.config.path}", len(tips))
        for fault in faults:
            visit.fault(fault)
        for tip in tips:
            yield found_of(tip)
            await visit.run(take, self.config.path, tip.id)


def found_of(tip: KeptTip) -> Found:
    """`tip` as a find: its first line is the title, what else was filled in stands below the text."""
    first = tip.text.partition("\n")[0].strip()[:80]
    notes = [f"{label}: {value}" for name, label in _LABELS if (value := getattr(tip, name))]
    return Found(
        key=tip.id,
        url=f"tip:{tip.id}",
        title=first or "线索 Tip",
        text="\n".join([tip.text, *notes]).strip(),
        published_at=tip.received_at,
        files=tip.files,
    )
