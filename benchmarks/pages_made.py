"""Made pages and made photos of them, for measuring `examwatch read`.

    text ──typeset──> page (A4, 150 dpi) ──photograph──> what a phone would have taken

Texts come from public collections (see the readers in `benchmarks/photos.py`); what
is made is their layout, the paper, the light and the camera.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Picture = NDArray[np.uint8]

SERIF = Path("/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc")
SANS = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
"""Debian's fonts-noto-cjk."""
A4_150_DPI = (1240, 1754)
_NEVER_FIRST = frozenset("，。；：？！、）》”’,.;:?!)】」%")


@dataclass(frozen=True, slots=True)
class Style:
    """How a page is set."""

    size_px: int = 22
    """Of the body text; 22 at 150 dpi is 10.5 pt, the usual size of Chinese papers."""
    leading: float = 1.55
    n_columns: int = 1
    margin_px: int = 110
    font: Path = SERIF
    sheet: tuple[int, int] = A4_150_DPI
    ink: int = 25
    paper: int = 250


def wrap(text: str, font: ImageFont.FreeTypeFont, width_px: float) -> list[str]:
    """Lines no wider than `width_px`; Latin words stay whole, Chinese breaks anywhere."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for piece in _pieces(paragraph):
            if line and font.getlength(line + piece) > width_px and piece not in _NEVER_FIRST:
                lines.append(line.rstrip())
                line = piece.lstrip()
            else:
                line += piece
        lines.append(line)
    return lines


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for char in text:
        glue = (
            pieces and char.isascii() and char != " " and pieces[-1][-1].isascii() and pieces[-1][-1] != " "
        )
        if glue:
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces


@dataclass(frozen=True, slots=True)
class Sheet:
    """A printed page and where its lines stand."""

    picture: Picture
    lines: tuple[tuple[float, str], ...]
    """Middle of each line as a part of the page's height, and its text, in reading order."""

    def in_view(self, crop: tuple[float, float, float, float]) -> str:
        """What a photo of `crop` can show, whatever is made of it later."""
        return "\n".join(text for y, text in self.lines if crop[1] < y < crop[3])


def typeset(
    body: Sequence[str], style: Style | None = None, heading: Sequence[str] = (), footer: str = ""
) -> Sheet:
    """A page with as much of `body` as fits."""
    style = style or Style()
    sheet = Image.new("L", style.sheet, style.paper)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.truetype(str(style.font), style.size_px)
    large = ImageFont.truetype(str(style.font), int(style.size_px * 1.6))
    width, height = style.sheet
    step = int(style.size_px * style.leading)
    y = style.margin_px
    read: list[tuple[float, str]] = []
    for number, line in enumerate(heading):
        shape = large if number else font
        x = (width - shape.getlength(line)) / 2 if number else style.margin_px
        draw.text((x, y), line, style.ink, font=shape)
        y += int(step * (1.6 if number else 1.2))
        read.append((y / height, line))
    gutter = style.margin_px * 0.7
    column_px = (width - 2 * style.margin_px - gutter * (style.n_columns - 1)) / style.n_columns
    lines = [line for part in body for line in wrap(part, font, column_px)]
    top = y
    for column in range(style.n_columns):
        x, y = style.margin_px + column * (column_px + gutter), top
        while lines and y < height - style.margin_px:
            line = lines.pop(0)
            draw.text((x, y), line, style.ink, font=font)
            read.append(((y + style.size_px / 2) / height, line))
            y += step
    if footer:
        draw.text(((width - font.getlength(footer)) / 2, height - 70), footer, style.ink, font=font)
        read.append(((height - 60) / height, footer))
    return Sheet(np.asarray(sheet), tuple(line for line in read if line[1].strip()))


@dataclass(frozen=True, slots=True)
class Shot:
    """How a page was photographed."""

    angle_deg: float = 0.0
    tilt: float = 0.0
    """Of the camera: how far corners move, as a part of the side."""
    blur_px: float = 0.0
    light: float = 1.0
    """Mean brightness; 0.25 is a page under a desk."""
    shade: float = 0.0
    """Loss of light from one side to the other, 0 to 1."""
    noise: float = 0.0
    """Standard deviation in gray levels."""
    moire: float = 0.0
    """Strength of the stripes of a photographed screen, 0 to 1."""
    quarter_turns: int = 0
    crop: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    """Left, top, right, bottom of what is in view, as parts of the page."""
    long_px: int = 2000
    quality: int = 80


def photograph(page: Picture, shot: Shot, rng: np.random.Generator) -> Picture:
    """The page on a desk, as `shot` says."""
    height, width = page.shape[:2]
    left, top, right, bottom = shot.crop
    page = page[int(top * height) : int(bottom * height), int(left * width) : int(right * width)]
    scale = shot.long_px / max(page.shape[:2])
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    page = cv2.resize(page, None, fx=scale, fy=scale, interpolation=interpolation)
    height, width = page.shape[:2]
    desk = int(rng.integers(40, 160))
    border = int(0.04 * max(height, width)) if shot.crop == (0.0, 0.0, 1.0, 1.0) else 0
    page = cv2.copyMakeBorder(page, border, border, border, border, cv2.BORDER_CONSTANT, value=(desk,))
    height, width = page.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + rng.uniform(-1, 1, (4, 2)).astype(np.float32) * shot.tilt * np.array([width, height])
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), shot.angle_deg, 1.0)
    moved = cv2.transform(moved[None].astype(np.float32), turn)[0]
    moved -= moved.min(axis=0)
    size = np.ceil(moved.max(axis=0)).astype(int)
    warp = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    border_mode = cv2.BORDER_CONSTANT
    photo = cv2.warpPerspective(
        page,
        warp,
        (int(size[0]), int(size[1])),
        flags=cv2.INTER_AREA,
        borderMode=border_mode,
        borderValue=(desk,),
    ).astype(np.float32)
    height, width = photo.shape
    if shot.moire:
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        waves = np.sin((x * 0.93 + y * 0.36) / 1.9) * np.sin((x * -0.31 + y * 0.95) / 2.3)
        photo += 60 * shot.moire * waves
    if shot.shade:
        side = np.linspace(1.0, 1.0 - shot.shade, width, dtype=np.float32)
        photo *= side[None, :]
    photo *= shot.light
    if shot.blur_px:
        photo = cv2.GaussianBlur(photo, (0, 0), shot.blur_px)
    if shot.noise:
        photo += rng.normal(0, shot.noise, photo.shape).astype(np.float32)
    photo = np.rot90(np.clip(photo, 0, 255).astype(np.uint8), shot.quarter_turns)
    return np.ascontiguousarray(photo)


def jpeg(photo: Picture, quality: int = 80) -> bytes:
    good, data = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not good:
        raise ValueError("not a picture")
    return data.tobytes()


def any_shot(rng: np.random.Generator, *, hard: bool = False) -> Shot:
    """A photo as people take them; `hard` adds what is done in a hall under a desk."""
    chance = rng.random(8)
    crops = ((0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 1.0, 0.55), (0.0, 0.3, 1.0, 0.8), (0.03, 0.45, 0.97, 1.0))
    return Shot(
        angle_deg=float(rng.normal(0, 2.5) if chance[0] < 0.7 else rng.uniform(-12, 12)),
        tilt=float(rng.uniform(0, 0.05 if hard else 0.03)),
        blur_px=float(rng.uniform(0, 1.6 if hard else 0.9)),
        light=float(rng.uniform(0.3, 0.7) if hard and chance[1] < 0.5 else rng.uniform(0.75, 1.05)),
        shade=float(rng.uniform(0, 0.5)) if chance[2] < 0.5 else 0.0,
        noise=float(rng.uniform(0, 8)),
        moire=float(rng.uniform(0.2, 0.7)) if hard and chance[3] < 0.25 else 0.0,
        quarter_turns=int(rng.integers(1, 4)) if chance[4] < 0.3 else 0,
        crop=crops[int(rng.integers(0, 4))] if chance[5] < 0.4 else crops[0],
        long_px=int(rng.choice([1280, 1600, 2400, 3200])),
        quality=int(rng.integers(45, 92)),
    )
