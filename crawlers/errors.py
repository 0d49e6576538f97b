"""What can go wrong between us and a site, each by its kind.

The kind decides whether the same request may succeed later; it is what health counts
by and what a person reads, in both languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ErrorKind:
    en: str
    zh: str
    retry: bool
    """The same request may succeed later without anybody changing anything."""


ERROR_KINDS: Mapping[str, ErrorKind] = {
    "url": ErrorKind("not an address that can be fetched", "网址无效", False),
    "refused": ErrorKind("address refused: not a public host", "拒绝访问：非公网地址", False),
    "dns": ErrorKind("name not resolved", "域名解析失败", True),
    "connect": ErrorKind("no connection", "无法连接", True),
    "tls": ErrorKind("TLS refused", "TLS 校验失败", True),
    "timeout": ErrorKind("took too long", "超时", True),
    "too_slow": ErrorKind("answer trickles too slowly", "响应过慢", True),
    "too_large": ErrorKind("answer over the size limit", "响应超过大小限制", False),
    "headers": ErrorKind("headers over the limit", "响应头超过限制", False),
    "http": ErrorKind("answer is not valid HTTP", "HTTP 响应格式错误", True),
    "encoding": ErrorKind("compressed answer cannot be read", "压缩内容无法解码", False),
    "redirect": ErrorKind("redirects in a circle or too often", "重定向循环或次数过多", False),
    "robots": ErrorKind("forbidden by robots.txt", "robots.txt 禁止抓取", False),
    "backoff": ErrorKind("host asked us to wait", "站点要求稍后再试", True),
    "status_4xx": ErrorKind("the site refused", "站点拒绝请求（4xx）", False),
    "status_5xx": ErrorKind("the site failed", "站点出错（5xx）", True),
    "parse": ErrorKind("answer is not in the expected format", "内容格式不符", False),
    "layout": ErrorKind(
        "a selector finds nothing, the layout may have changed", "选择器未匹配，页面结构可能已变", False
    ),
    "captcha": ErrorKind("a CAPTCHA or block page", "验证码或拦截页面", True),
    "login": ErrorKind("logged out: the cookie has expired", "登录失效：Cookie 已过期", False),
    "render": ErrorKind("the browser gave no page", "浏览器未能渲染页面", True),
    "file": ErrorKind("file cannot be read", "文件无法读取", True),
}


class SharedError(OSError):
    """What the workers share cannot be reached; the same call may work later."""


class LeaseLostError(Exception):
    """Another worker may be polling this source by now: nothing more is asked or written for it."""


class CrawlError(Exception):
    """One request or one answer that failed; `kind` is a key of `ERROR_KINDS`.

    ``str()`` of it is one line for a person, in both languages: where, what failed, and why.
    """

    def __init__(
        self, kind: str, where: str, detail: str = "", *, retry_after_s: float | None = None
    ) -> None:
        self.kind = kind
        self.where = where
        self.detail = " ".join(detail.split())[:300]
        self.retry_after_s = retry_after_s
        known = ERROR_KINDS[kind]
        super().__init__(self._line(f"{known.en} / {known.zh}"))

    def told(self, language: str) -> str:
        """The line in one language: ``en`` or ``zh``."""
        known = ERROR_KINDS[self.kind]
        return self._line(known.zh if language == "zh" else known.en)

    def _line(self, words: str) -> str:
        return f"{self.where}: {words}" + (f" ({self.detail})" if self.detail else "")

    def __reduce__(self) -> tuple[type[CrawlError], tuple[str, str, str]]:
        # Exceptions are pickled by what they told their base: one line, from which the kind is gone.
        return CrawlError, (self.kind, self.where, self.detail)

    @property
    def retry(self) -> bool:
        return ERROR_KINDS[self.kind].retry
