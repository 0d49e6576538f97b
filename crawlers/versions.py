"""What the versions of one post tell: a placeholder was posted early to be filled in later.

The time stamp that the site shows is then earlier than the text, which is the trick
(占坑帖): "posted before the exam". Our own first-seen times tell the two apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from crawlers.memory import Version

MAX_PLACEHOLDER_CHARS = 60
MIN_GROWTH = 4.0
MIN_FILLED_CHARS = 30
"""A placeholder of up to 60 characters that grows fourfold: the two cases reported in 2022 went from a
title and one line to a whole page. A correction or a thank-you added below grows a post by less."""
_SAYS_SO = re.compile(
    r"占(个)?(坑|位|楼)|待(更新|编辑|补充)|稍后(更新|编辑|补充)|先占|坑位|马上更新|等会(儿)?更新|placeholder|reserved",
    re.IGNORECASE,
)


def is_placeholder(earlier: Sequence[Version], title: str, text: str) -> bool:
    """True when the post with this text began as an empty or reserved one."""
    if not earlier:
        return False
    first = earlier[0]
    before, after = _n_chars(first.text), _n_chars(text)
    if after < MIN_FILLED_CHARS or before > MAX_PLACEHOLDER_CHARS:
        return False
    grown = after >= MIN_GROWTH * max(before, 1)
    says_so = bool(_SAYS_SO.search(first.text) or _SAYS_SO.search(first.title)) and after > before
    return grown or says_so


def _n_chars(text: str) -> int:
    return sum(character.isalnum() for character in text)
