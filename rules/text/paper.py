"""How much a text, as read from a picture or file, looks like a page of an exam paper."""

from __future__ import annotations

from dataclasses import dataclass

from rules.text.reading import read_text


@dataclass(frozen=True, slots=True)
class PaperLikeness:
    score: float
    """0 to 1; 0.5 is the usual threshold."""
    why: tuple[str, ...]


def paper_likeness(text: str) -> PaperLikeness:
    """Likeness of a page's text, lines in reading order.

    The score of the category ``paper`` is mapped piecewise so that its threshold becomes 0.5.
    """
    paper = read_text(text).categories["paper"]
    if paper.score >= paper.threshold:
        score = 0.5 + 0.5 * (paper.score - paper.threshold) / (1.0 - paper.threshold)
    else:
        score = 0.5 * paper.score / paper.threshold
    return PaperLikeness(round(score, 3), paper.why)
