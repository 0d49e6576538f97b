"""A tip's form, read piece by piece, never holding more than the caps."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import BodyPartReader, ClientPayloadError, web
from aiohttp.http_exceptions import HttpProcessingError

from crawlers.tips.tip import TipFile

MAX_FORM_BYTES = 12 * 2**20
MAX_FILE_BYTES = 8 * 2**20
"""A phone's photo has 3 to 6 MB."""
MAX_FILES = 4
MAX_FIELD_BYTES = 40_000
"""10,000 Chinese characters with room to spare."""
MAX_PARTS = 16
CHUNK_BYTES = 64 * 1024
FIELD_CHARS = {"text": 10_000, "link": 500, "exam": 200, "place": 200, "website": 200}
TRAP = "website"


class FormError(Exception):
    """`reason`: ``form`` when it is none, ``too_large``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Form:
    text: str = ""
    link: str = ""
    exam: str = ""
    place: str = ""
    trap: str = ""
    files: list[TipFile] = field(default_factory=list[TipFile])


async def read_form(request: web.Request) -> Form:
    """The form in `request`. Raises FormError."""
    if not request.content_type.startswith("multipart/form-data"):
        raise FormError("form")
    if (request.content_length or 0) > MAX_FORM_BYTES:
        raise FormError("too_large")
    try:
        return await _parts(request)
    except (ValueError, AssertionError, LookupError, HttpProcessingError, ClientPayloadError):
        # aiohttp's reader asserts on broken boundaries.
        raise FormError("form") from None


async def _parts(request: web.Request) -> Form:
    form, fields = Form(), dict[str, str]()
    n_left = MAX_FORM_BYTES
    reader = await request.multipart()
    for _ in range(MAX_PARTS):
        part = await reader.next()
        if part is None:
            form.text, form.link = fields.get("text", ""), fields.get("link", "")
            form.exam, form.place = fields.get("exam", ""), fields.get("place", "")
            form.trap = fields.get(TRAP, "")
            return form
        if not isinstance(part, BodyPartReader):
            raise FormError("form")
        is_file = part.filename is not None
        data = await _whole(part, min(n_left, MAX_FILE_BYTES if is_file else MAX_FIELD_BYTES))
        n_left -= len(data)
        if is_file and data:
            if len(form.files) == MAX_FILES:
                raise FormError("too_large")
            form.files.append(TipFile(plain_name(part.filename or ""), data))
        elif part.name in FIELD_CHARS:
            fields[part.name] = data.decode("utf-8", "replace").strip()[: FIELD_CHARS[part.name]]
    raise FormError("too_large")


async def _whole(part: BodyPartReader, max_bytes: int) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk(CHUNK_BYTES):
        data += chunk
        if len(data) > max_bytes:
            raise FormError("too_large")
    return bytes(data)


def plain_name(name: str) -> str:
    """The last part of a path, printable, short: for people, never for opening anything."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last if c.isprintable())[-100:].strip() or "file"
