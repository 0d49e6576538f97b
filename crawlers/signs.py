"""Signs that a page is not what was asked for: a CAPTCHA, a block, a log-in page."""

from __future__ import annotations

import re
from collections.abc import Mapping

SHORT_CHARS = 1500
"""Challenge pages say little: those of Cloudflare, Baidu, Weibo, Zhihu and Tencent stay below 1,000
characters of visible text, a list of threads or a thread seldom does."""
HEAD_CHARS = 20_000

_TITLE = re.compile(r"<title[^>]*>([^<]{0,200})", re.IGNORECASE)
_TAGS = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_IN_TITLE = re.compile(
    r"just a moment|attention required|are you (a )?(human|robot)|captcha|access denied|verify you are human"
    r"|ddos|安全验证|人机验证|验证码|访问验证|访问频率|滑动验证|安全检查|系统检测到",
    re.IGNORECASE,
)
_IN_SHORT_TEXT = re.compile(
    r"captcha|unusual traffic|not a robot|verify you are human|checking your browser|too many requests"
    r"|请输入验证码|完成验证|拖动滑块|拼图|人机验证|安全验证|访问过于频繁|操作过于频繁|请求过于频繁|异常流量|异常访问",
    re.IGNORECASE,
)


def is_captcha(status: int, headers: Mapping[str, str], text: str) -> bool:
    """True for a challenge or block page. `text` is the page's HTML; only its beginning is read."""
    if headers.get("cf-mitigated", "").lower() == "challenge":
        return True
    if "html" not in headers.get("content-type", "html"):
        return False
    head = text[:HEAD_CHARS]
    if len(text) > HEAD_CHARS and status == 200:
        return False
    visible = " ".join(_TAGS.sub(" ", head).split())
    if len(visible) >= SHORT_CHARS:
        return False
    title = _TITLE.search(head)
    return bool((title and _IN_TITLE.search(title.group(1))) or _IN_SHORT_TEXT.search(visible))
