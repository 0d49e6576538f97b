"""The text of a piece of HTML, as a reader sees it.

Inline markup does not break words (``高<b>考</b>`` is one word), blocks do; what is hidden
from readers is left out, such as the noise that Discuz! mixes into posts against copying.
"""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_NODES = 1_000_000
"""A list page of 300 kB has about 10,000."""
_BLOCK_TAGS = """
    address article aside blockquote br center dd details div dl dt fieldset figcaption figure footer form
    h1 h2 h3 h4 h5 h6 header hr li main nav ol option p pre section summary table tbody thead tr ul
"""
_SKIPPED_TAGS = "script style noscript template head title svg iframe object select textarea"
_BLOCKS = frozenset(_BLOCK_TAGS.split())
_CELLS = frozenset(("td", "th"))
_SKIPPED = frozenset(_SKIPPED_TAGS.split())
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])", re.IGNORECASE)
_JAMMERS = frozenset(("jammer", "pstatus", "attach_nopermission"))
"""Classes of Discuz!: random text in white, "last edited by", "register to see the picture"."""
_SPACES = re.compile(r"[ \t\r\f\v\u00a0]+")
_LINES = re.compile(r"\s*\n\s*")


def parse_html(text: str) -> LexborHTMLParser:
    return LexborHTMLParser(text)


def html_to_text(fragment: str) -> str:
    """The text of `fragment`, for feeds and APIs whose fields hold HTML."""
    if "<" not in fragment and "&" not in fragment:
        return tidy(fragment)
    body = parse_html(fragment).body
    return text_of(body) if body is not None else ""


class Budget:
    """Nodes that may still be looked at: posts nested in posts would be read again and again."""

    def __init__(self, n_nodes: int = MAX_NODES) -> None:
        self.n_left = n_nodes

    def spend(self) -> bool:
        self.n_left -= 1
        return self.n_left >= 0


def text_of(root: LexborNode, budget: Budget | None = None) -> str:
    """The visible text under `root`, one line a block, as far as `budget` reaches.

    Works without recursion, because the depth is the site's choice.
    """
    budget = budget or Budget()
    parts: list[str] = []
    # Each entry is a node to open, or the text to put once the nodes inside it are done.
    stack: list[LexborNode | str] = [root]
    while stack and budget.spend():
        item = stack.pop()
        if isinstance(item, str):
            parts.append(item)
            continue
        tag = item.tag
        if tag == "-text":
            parts.append((item.text_content or "").replace("\n", " "))
            continue
        if item is not root and (tag in _SKIPPED or tag == "-comment" or _is_hidden(item)):
            continue
        edge = "\n" if tag in _BLOCKS else " " if tag in _CELLS else ""
        if edge:
            parts.append(edge)
            stack.append(edge)
        children: list[LexborNode | str] = []
        child = item.child
        while child is not None:
            children.append(child)
            child = child.next
        stack.extend(reversed(children))
    return tidy("".join(parts))


def _is_hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    if not attributes:
        return False
    if "hidden" in attributes or _HIDDEN.search(attributes.get("style") or ""):
        return True
    return bool(_JAMMERS.intersection((attributes.get("class") or "").split()))


def tidy(text: str) -> str:
    """Runs of blanks become one, lines lose their edges, empty lines go."""
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()
