"""QR and other printed codes in a picture, as text.

The plain picture is tried first, then the ways in which photos of codes go wrong: too small,
blurred, of little contrast, with modules that do not touch. Formats without a checksum worth the
name (ITF, Codabar, DataBar) are left out: lines of print look like them.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import zxingcpp

from crawlers.extract.image.load import Pixels

MAX_CODES = 20
"""Of one picture; a sheet of labels."""
SMALL_PX = 900
"""Pictures below it are also tried at twice their size."""
_FORMATS = zxingcpp.barcode_formats_from_str(
    "QRCode,MicroQRCode,RMQRCode,DataMatrix,Aztec,PDF417,MaxiCode,Code128,Code39,Code93,EAN13,EAN8,UPCA"
)


def find_codes(gray: Pixels) -> tuple[str, ...]:
    """The texts of all codes in a gray picture, each once, in the order they were found."""
    for variant, binarizer in _variants(gray):
        found = zxingcpp.read_barcodes(
            variant, formats=_FORMATS, text_mode=zxingcpp.TextMode.Plain, binarizer=binarizer
        )
        texts = tuple(dict.fromkeys(code.text for code in found if code.valid and code.text))
        if texts:
            return texts[:MAX_CODES]
    return ()


def _variants(gray: Pixels) -> Iterator[tuple[Pixels, zxingcpp.Binarizer]]:
    local, overall = zxingcpp.Binarizer.LocalAverage, zxingcpp.Binarizer.GlobalHistogram
    yield gray, local
    longest = max(gray.shape)
    work = gray
    if longest <= SMALL_PX:
        work = np.asarray(cv2.resize(gray, None, fx=2.0, fy=2.0, interpolation=cv2.INTER_CUBIC), np.uint8)
        yield work, local
    elif longest > 2 * SMALL_PX:
        half = SMALL_PX * 1.5 / longest
        work = np.asarray(cv2.resize(gray, None, fx=half, fy=half, interpolation=cv2.INTER_AREA), np.uint8)
    yield work, overall
    soft = np.asarray(cv2.GaussianBlur(work, (0, 0), 1.6), np.uint8)
    yield soft, local
    flat = np.asarray(cv2.createCLAHE(4.0, (4, 4)).apply(soft), np.uint8)
    yield flat, overall
    # Modules printed as dots, or with gaps: closed up, dark grown by a pixel or two.
    yield np.asarray(cv2.erode(work, np.ones((3, 3), np.uint8)), np.uint8), overall
    yield np.asarray(cv2.dilate(work, np.ones((3, 3), np.uint8)), np.uint8), overall
