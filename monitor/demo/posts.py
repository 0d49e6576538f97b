"""The posts of the demo: what a forum and two feeds show, and from which second on.

Offsets count from the demo's start; a negative one was there before. Read from YAML, every
fault with its line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from monitor import yamltree
from monitor.faults import FaultList

Place = Literal["forum", "news", "campus"]
Truth = Literal["harmless", "sell", "proxy", "device", "scam", "help", "paper", "rumour"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Edit(_Strict):
    """A later text of the same post."""

    at_s: float
    text: Annotated[str, Field(min_length=1)]


class DemoPost(_Strict):
    id: Annotated[int, Field(ge=1)]
    place: Place
    at_s: float
    author: Annotated[str, Field(min_length=1)]
    title: Annotated[str, Field(min_length=1)]
    text: Annotated[str, Field(min_length=1)]
    truth: Truth = "harmless"
    """What it really is: never shown, for tests."""
    picture: Annotated[tuple[str, ...], Field(max_length=12)] = ()
    """Lines of a question, drawn as a picture that hangs on the post."""
    photo: Annotated[str | None, Field(pattern=r"\.jpg$")] = None
    """A JPEG that hangs on the post, beside the file of the posts."""
    edits: tuple[Edit, ...] = ()

    def text_at(self, offset_s: float) -> str:
        """The text that is shown `offset_s` seconds after the start."""
        seen = [edit.text for edit in self.edits if edit.at_s <= offset_s]
        return seen[-1] if seen else self.text


class _File(_Strict):
    forum: Annotated[str, Field(min_length=1)]
    news: Annotated[str, Field(min_length=1)]
    campus: Annotated[str, Field(min_length=1)]
    posts: tuple[DemoPost, ...]


@dataclass(frozen=True, slots=True)
class DemoPosts:
    """All posts, and the names of the three places."""

    names: dict[Place, str]
    posts: tuple[DemoPost, ...]
    photos: dict[int, bytes] = field(default_factory=dict[int, bytes])
    """The files of those that have one, by post."""

    def visible(self, place: Place, offset_s: float) -> Sequence[DemoPost]:
        """Posts of `place` that are out by then, newest first."""
        out = [post for post in self.posts if post.place == place and post.at_s <= offset_s]
        return sorted(out, key=lambda post: (-post.at_s, -post.id))

    def find(self, post_id: int, offset_s: float) -> DemoPost | None:
        """The post, if it is out by then."""
        return next((post for post in self.posts if post.id == post_id and post.at_s <= offset_s), None)


def published_at(post: DemoPost, started_at: datetime) -> datetime:
    return started_at + timedelta(seconds=post.at_s)


def load_posts(path: Path) -> DemoPosts:
    """The posts of a file.

    Raises
    ------
    InputError
        With every fault as `file:line: message`.
    """
    tree = yamltree.read(path)
    raw = yamltree.validate(tree, _File)
    faults = FaultList(path)
    if not raw.posts:
        faults.add(tree.line(("posts",)), "posts is empty")
    first: dict[int, int] = {}
    photos: dict[int, bytes] = {}
    for number, post in enumerate(raw.posts):
        line = tree.line(("posts", number))
        if post.id in first:
            faults.add(line, f"id {post.id} stands twice (first in line {first[post.id]})")
        first.setdefault(post.id, line)
        moments = [post.at_s, *(edit.at_s for edit in post.edits)]
        if moments != sorted(moments):
            faults.add(line, f"post {post.id}: edits must follow the post, in order of time")
        if post.photo is not None:
            try:
                photos[post.id] = (path.parent / post.photo).read_bytes()
            except OSError as error:
                faults.add(line, f"post {post.id}: {post.photo}: {error.strerror or error}")
    faults.raise_any()
    return DemoPosts({"forum": raw.forum, "news": raw.news, "campus": raw.campus}, raw.posts, photos)
