"""The obvious way to the canonical form, in expressions: the twin that the compiled one must equal."""

from __future__ import annotations

import re

from rules.text.fold import DROP, FOLD, GAP, STOP

LATIN = "a-z0-9%$@"
BETWEEN = re.compile(f"[{GAP}{STOP} ]+")
BETWEEN_WORDS = re.compile(f" *[{GAP}{STOP}][{GAP}{STOP} ]*|  +| (?![{LATIN}])|(?<![{LATIN}]) ")
"""The same without a lone space between two Latin words."""
SPACED_LETTERS = re.compile(
    rf"(?<![a-z0-9$@])[a-z0-9$@](?:[{GAP}{STOP} ]{{1,2}}[a-z0-9$@]){{2,}}(?![a-z0-9$@])"
)
DRESS = re.compile(f"(?<=[a-z]){GAP}(?=[a-z])")


def normalise_slowly(text: str) -> tuple[str, list[int], frozenset[int], tuple[tuple[int, int], ...]]:
    """Canonical text, origin of its characters, breaks, and what was joined."""
    pairs = [(part, place) for place, one in enumerate(text) for part in FOLD[ord(one)] if part != DROP]
    folded = "".join(part for part, _ in pairs)
    starts = [place for _, place in pairs]
    apart = [match.span() for match in SPACED_LETTERS.finditer(folded)]
    out: list[str] = []
    kept: list[int] = []
    marks: list[tuple[int, bool]] = []
    joined: list[tuple[int, int]] = []
    position, open_join = 0, -1
    waiting = list(apart)
    for match in (BETWEEN if apart else BETWEEN_WORDS).finditer(folded):
        low, high = match.span()
        out += folded[position:low]
        kept += starts[position:low]
        while waiting and waiting[0][1] <= low:
            waiting.pop(0)
            if open_join >= 0:
                joined.append((open_join, len(out)))
                open_join = -1
        position = high
        if low == 0 or high == len(folded):
            continue
        if waiting and waiting[0][0] < low < waiting[0][1]:
            open_join = len(out) - 1 if open_join < 0 else open_join
            continue
        latin = all(re.match(f"[{LATIN}]", folded[side]) for side in (low - 1, high))
        if latin and not (high - low == 1 and DRESS.match(folded, low)):
            out.append(" ")
            kept.append(starts[low])
        marks.append((len(out), STOP in match.group()))
    out += folded[position:]
    kept += starts[position:]
    if open_join >= 0:
        joined.append((open_join, len(out)))
    places = [0, *(place for place, _ in marks), len(out)]
    breaks = frozenset(
        place
        for before, (place, stops), after in zip(places, marks, places[2:], strict=False)
        if stops and place - before >= 3 and after - place >= 3
    )
    return "".join(out), kept, breaks, tuple(joined)
