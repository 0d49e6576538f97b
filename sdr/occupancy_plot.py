"""Occupancy as a picture: a bar a channel with its interval, in digits and units that both languages read."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFont

from sdr.occupancy import Occupancy

WIDTH, HEIGHT = 1000, 420
LEFT, RIGHT, TOP, BOTTOM = 60, 40, 30, 50
_PAPER, _INK, _GRID, _BAR, _WHISKER = "#ffffff", "#1f2430", "#d8dce4", "#3f6fb5", "#c2571a"


def plot(found: Occupancy) -> bytes:
    """A PNG of 1000 x 420: frequency to the right, FCO in percent upwards."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(13)
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def y_of(share: float) -> float:
        return TOP + (1 - share) * height

    for percent in range(0, 101, 20):
        y = y_of(percent / 100)
        draw.line((LEFT, y, LEFT + width, y), fill=_GRID)
        draw.text((LEFT - 8, y), f"{percent}", fill=_INK, font=font, anchor="rm")
    step = width / len(found.channels)
    for number, channel in enumerate(found.channels):
        x = LEFT + number * step
        draw.rectangle(
            (x + 0.1 * step, y_of(channel.fco.value), max(x + 0.1 * step, x + 0.9 * step - 1), y_of(0)),
            fill=_BAR,
        )
        middle = x + step / 2
        if channel.n_occupied and step >= 4:
            draw.line((middle, y_of(channel.fco.high), middle, y_of(channel.fco.low)), fill=_WHISKER, width=2)
    draw.line((LEFT, y_of(0), LEFT + width, y_of(0)), fill=_INK)
    n_marks = min(8, len(found.channels))
    for mark in range(n_marks + 1):
        hertz = found.low_hz + mark / n_marks * (found.high_hz - found.low_hz)
        x = LEFT + mark / n_marks * width
        draw.line((x, y_of(0), x, y_of(0) + 5), fill=_INK)
        draw.text((x, y_of(0) + 8), f"{hertz / 1e6:.4f}", fill=_INK, font=font, anchor="ma")
    draw.text((LEFT + width, HEIGHT - 18), "MHz", fill=_INK, font=font, anchor="rm")
    title = (
        f"FCO %   FBO {found.fbo.value:.2%}   SRO {found.sro:.2%}   "
        f"{found.channel_hz / 1e3:g} kHz   {found.seconds:.0f} s   {found.started_at:%Y-%m-%d %H:%M} UTC"
    )
    draw.text((LEFT, 8), title, fill=_INK, font=font)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
