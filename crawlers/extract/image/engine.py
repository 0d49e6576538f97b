"""The neural networks of rapidocr, run directly: find lines, read a line, is it upside down.

The models are files in rapidocr's wheel and are opened by path, so nothing is ever looked for on a
network. One thread a process: the number of processes is the pool's business.

    find   PP-OCRv6 detection, DB post-processing (Liao et al. 2020)
    read   PP-OCRv6 recognition, CTC, best path
    turned PP-OCR's line classifier
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from crawlers.extract.image.load import Pixels

LINE_HEIGHT_PX = 48
"""What the recognition was trained on."""
_DET, _REC, _CLS = (
    "PP-OCRv6_det_small.onnx",
    "PP-OCRv6_rec_small.onnx",
    "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
)
_STRIDE = 32
_CLS_WIDTH_PX = 192
_BLANK = 0


class ModelsMissingError(Exception):
    """The wheel of rapidocr does not hold the models that this module names."""


def models_dir() -> Path:
    spec = find_spec("rapidocr")
    if spec is None or not spec.submodule_search_locations:
        raise ModelsMissingError("rapidocr is not installed")
    return Path(spec.submodule_search_locations[0]) / "models"


class Engine:
    """Loads all three models: about 0.5 s, once a process.

    Raises
    ------
    ModelsMissingError
        When a model file is not in the wheel.
    """

    def __init__(self) -> None:
        from rapidocr.ch_ppocr_det.utils import DBPostProcess

        cv2.setNumThreads(1)
        self._det = _session(_DET)
        self._rec = _session(_REC)
        self._cls = _session(_CLS)
        self._alphabet = ["", *self._rec.get_modelmeta().custom_metadata_map["character"].splitlines(), " "]
        self._boxes: Any = DBPostProcess(
            thresh=0.3, box_thresh=0.5, max_candidates=1000, unclip_ratio=1.6, use_dilation=True
        )

    def find(self, pixels: Pixels, long_side_px: int) -> NDArray[np.float32]:
        """Quadrilaterals around lines of text.

        Parameters
        ----------
        pixels
            Height x width x 3.
        long_side_px
            To which the picture is brought for finding; it bounds the time that takes.

        Returns
        -------
        quads
            n x 4 x 2 in `pixels`: top left, top right, bottom right, bottom left.
        """
        height, width = pixels.shape[:2]
        scale = min(2.0, long_side_px / max(height, width))
        size = [max(_STRIDE, round(side * scale / _STRIDE) * _STRIDE) for side in (width, height)]
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        heat = _run(self._det, _as_input(np.asarray(small, np.uint8)))
        boxes, _ = self._boxes(heat, (height, width))
        return square_on(np.asarray(boxes, np.float32).reshape(-1, 4, 2))

    def read(self, line: Pixels, width_px: int) -> tuple[str, float]:
        """The text of one line brought to `width_px`, and the mean confidence of its characters."""
        size = (max(16, width_px), LINE_HEIGHT_PX)
        shrinks = line.shape[0] > LINE_HEIGHT_PX or line.shape[1] > width_px
        image = cv2.resize(line, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        chances = _run(self._rec, _as_input(np.asarray(image, np.uint8)))
        path = chances[0].argmax(axis=1)
        best = chances[0].max(axis=1)
        keep = path != _BLANK
        keep[1:] &= path[1:] != path[:-1]
        text = "".join(self._alphabet[index] for index in path[keep])
        return text, float(best[keep].mean()) if keep.any() else 0.0

    def turned(self, line: Pixels) -> float:
        """The chance, 0 to 1, that a line stands on its head."""
        width = min(line.shape[1], line.shape[0] * 4)
        scale = LINE_HEIGHT_PX / line.shape[0]
        piece = cv2.resize(
            line[:, :width], (min(_CLS_WIDTH_PX, max(8, round(width * scale))), LINE_HEIGHT_PX)
        )
        image = np.zeros((1, 3, LINE_HEIGHT_PX, _CLS_WIDTH_PX), np.float32)
        image[..., : piece.shape[1]] = _as_input(np.asarray(piece, np.uint8))
        chances = _run(self._cls, image)
        return float(chances[0, 1])


def square_on(quads: NDArray[np.float32]) -> NDArray[np.float32]:
    """Corners clockwise from the one whose next side runs most nearly to the right.

    The order that comes with the boxes follows the corners' x alone, which swaps the sides of a
    long line that stands upright and leans.
    """
    if len(quads) == 0:
        return quads
    around = quads - quads.mean(axis=1, keepdims=True)
    clockwise = np.argsort(np.arctan2(around[..., 1], around[..., 0]), axis=1)
    quads = np.take_along_axis(quads, clockwise[..., None], axis=1)
    sides = np.roll(quads, -1, axis=1) - quads
    first = np.argmax(sides[..., 0] / np.maximum(1e-6, np.hypot(sides[..., 0], sides[..., 1])), axis=1)
    turned = (first[:, None] + np.arange(4)) % 4
    return np.take_along_axis(quads, turned[..., None], axis=1)


def _session(name: str) -> onnxruntime.InferenceSession:
    path = models_dir() / name
    if not path.is_file():
        raise ModelsMissingError(f"{path} is missing; reinstall rapidocr from its wheel")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _run(session: onnxruntime.InferenceSession, image: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(session.run(None, {session.get_inputs()[0].name: image})[0], np.float32)


def _as_input(pixels: Pixels) -> NDArray[np.float32]:
    """Blue first, -1 to 1, channels before rows: how the networks were trained."""
    blue_first = pixels[..., ::-1].astype(np.float32)
    blue_first *= 1 / 127.5
    blue_first -= 1.0
    return np.ascontiguousarray(blue_first.transpose(2, 0, 1)[None])
