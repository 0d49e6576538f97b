"""Addresses: read as browsers read them, and written in one way only.

A URL is parsed by the rules of the WHATWG standard for ``http`` and ``https``, so that
no odd spelling (``http://0x7f.1``, ``http:\\\\host``, full-width digits) means one host
to us and another to the socket. Two spellings of one page get one canonical form.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

import idna

from crawlers.errors import CrawlError

DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_URL_CHARS = 4096
"""RFC 9110 4.1 asks for at least 8000 octets of support; no forum's links come near half."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_HEX = re.compile(r"%[0-9A-Fa-f]{2}")
_FORBIDDEN_HOST = re.compile(r"[\x00-\x20#%/:<>?@\[\\\]^|\x7f]")
_LETTERS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PATH_SAFE = frozenset(_LETTERS + b"!$%&'()*+,-./:;=@[\\]_|~")
_QUERY_SAFE = frozenset(_LETTERS + b"!$%&()*+,-./:;=?@[\\]^_`{|}~")
_UNRESERVED = frozenset(_LETTERS + b"-._~")

_TRACKING = """
    fbclid gclid dclid msclkid yclid mc_cid mc_eid igshid spm scm share_token share_source share_medium
    share_from from_source phpsessid jsessionid highlight _t timestamp
"""
TRACKING = frozenset(_TRACKING.split())
"""Query names that never tell two pages apart: campaign marks (``utm_*`` too) and sessions."""
SESSIONS = frozenset(("s", "sid"))
"""Session ids of vBulletin and phpBB, 32 hex digits; elsewhere these names mean a search or a story."""
_SESSION_ID = re.compile(r"[0-9a-fA-F]{16,}")


@dataclass(frozen=True, slots=True)
class Url:
    """A parsed address without its fragment. ``str()`` gives it back whole."""

    scheme: str
    host: str
    """Lower case; an IPv4 address in dotted form, IPv6 without brackets, names in IDNA form."""
    port: int
    path: str
    query: str | None

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def target(self) -> str:
        return self.path if self.query is None else f"{self.path}?{self.query}"

    @property
    def address(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """The host as an address; None for a name."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    def __str__(self) -> str:
        return self.origin + self.target


def parse(text: str, base: Url | None = None) -> Url:
    """`text`, absolute or relative to `base`, as a browser would read it.

    Raises
    ------
    CrawlError
        Of kind ``url``: another scheme, a user name, no host, a host or port that is none.
    """
    text = re.sub(r"[\t\r\n]", "", text.strip("".join(map(chr, range(33)))))
    if len(text) > MAX_URL_CHARS:
        raise CrawlError("url", text[:60] + "…", f"{len(text)} characters")
    text = text.partition("#")[0]
    head = _SCHEME.match(text)
    if head:
        scheme = head.group()[:-1].lower()
        if scheme not in DEFAULT_PORTS:
            raise CrawlError("url", text[:200], f"scheme {scheme}")
        rest = text[head.end() :]
        if not (base and base.scheme == scheme and not rest.startswith("//")):
            return _with_authority(scheme, rest.lstrip("/\\"), text)
        text = rest
    if base is None:
        raise CrawlError("url", text[:200], "no scheme")
    front, mark, query = text.partition("?")
    front = front.replace("\\", "/")
    if front.startswith("//"):
        return _with_authority(base.scheme, text.lstrip("/\\"), text)
    new_query = _encode(query, _QUERY_SAFE) if mark else None
    if not front:
        return Url(base.scheme, base.host, base.port, base.path, new_query if mark else base.query)
    if not front.startswith("/"):
        front = base.path.rpartition("/")[0] + "/" + front
    return Url(base.scheme, base.host, base.port, _path(front), new_query)


def _with_authority(scheme: str, rest: str, whole: str) -> Url:
    authority = re.split(r"[/\\?]", rest, maxsplit=1)[0]
    tail = rest[len(authority) :]
    if "@" in authority:
        raise CrawlError("url", whole[:200], "carries a user name")
    host, port_text = authority, ""
    if not authority.endswith("]") and ":" in authority:
        host, _, port_text = authority.rpartition(":")
    if port_text and not (port_text.isascii() and port_text.isdigit() and int(port_text[:9]) <= 65535):
        raise CrawlError("url", whole[:200], f"port {port_text[:20]}")
    path, mark, query = tail.partition("?")
    return Url(
        scheme,
        _host(host, whole),
        int(port_text) if port_text else DEFAULT_PORTS[scheme],
        _path(path.replace("\\", "/") or "/"),
        _encode(query, _QUERY_SAFE) if mark else None,
    )


def _host(host: str, whole: str) -> str:
    def bad(why: str) -> CrawlError:
        return CrawlError("url", whole[:200], why)

    if host.startswith("["):
        if not host.endswith("]"):
            raise bad("brackets")
        try:
            return str(ipaddress.IPv6Address(host[1:-1])) if "%" not in host else _raise(bad("zone"))
        except ValueError:
            raise bad("IPv6 address") from None
    try:
        name = unquote_to_bytes(host).decode("utf-8")
    except UnicodeDecodeError:
        raise bad("host is not UTF-8") from None
    try:
        mapped = idna.uts46_remap(name, std3_rules=False, transitional=False).lower()
        ascii_name = ".".join(map(_ascii_label, mapped.split(".")))
    except (idna.IDNAError, UnicodeError):
        raise bad("host name") from None
    if not ascii_name.strip(".") or len(ascii_name) > 253 or _FORBIDDEN_HOST.search(ascii_name):
        raise bad("host name")
    labels = ascii_name.rstrip(".").split(".")
    if labels[-1].isdigit() or re.fullmatch(r"0x[0-9a-f]*", labels[-1]):
        return _ipv4(labels, bad("IPv4 address"))
    if any(not label or len(label) > 63 for label in labels):
        raise bad("host name")
    return ".".join(labels)


def _ascii_label(label: str) -> str:
    return label if label.isascii() else "xn--" + label.encode("punycode").decode()


def _raise(error: CrawlError) -> str:
    raise error


def _ipv4(labels: list[str], error: CrawlError) -> str:
    """`labels` as ``inet_aton`` reads them: octal, hexadecimal and short forms too."""
    if len(labels) > 4:
        raise error
    numbers: list[int] = []
    for label in labels:
        try:
            if label.startswith("0x"):
                numbers.append(int(label[2:] or "0", 16))
            else:
                numbers.append(int(label, 8 if len(label) > 1 and label.startswith("0") else 10))
        except ValueError:
            raise error from None
    if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(numbers)):
        raise error
    value = numbers[-1] + sum(number << (8 * (3 - i)) for i, number in enumerate(numbers[:-1]))
    return str(ipaddress.IPv4Address(value))


def _encode(text: str, safe: frozenset[int]) -> str:
    """Percent-encode what is not `safe`; escapes are upper case, and undone where they need not be."""
    data = text.encode("utf-8", "surrogatepass")
    out: list[str] = []
    position = 0
    while position < len(data):
        byte = data[position]
        if byte == 0x25 and _HEX.fullmatch(data[position : position + 3].decode("latin-1")):
            value = int(data[position + 1 : position + 3], 16)
            out.append(chr(value) if value in _UNRESERVED else f"%{value:02X}")
            position += 3
            continue
        out.append(chr(byte) if byte in safe else f"%{byte:02X}")
        position += 1
    return "".join(out)


def _path(path: str) -> str:
    """`path` encoded and without its dot segments."""
    out: list[str] = []
    segments = _encode(path, _PATH_SAFE).split("/")[1:]
    for i, segment in enumerate(segments):
        last = i == len(segments) - 1
        if segment == "..":
            del out[-1:]
        elif segment != ".":
            out.append(segment)
            continue
        if last:
            out.append("")
    return "/" + "/".join(out)


def canonical(url: Url) -> Url:
    """The one spelling of `url`: no tracking marks, no session ids, no empty query. Idempotent."""
    if url.query is None:
        return url
    kept = [pair for pair in url.query.split("&") if pair and not _tracks(*pair.partition("=")[::2])]
    return Url(url.scheme, url.host, url.port, url.path, "&".join(kept) or None)


def _tracks(name: str, value: str) -> bool:
    name = name.lower()
    if name in SESSIONS:
        return bool(_SESSION_ID.fullmatch(value))
    return name in TRACKING or name.startswith("utm_")


def document_id(source: str, key: str) -> str:
    """32 hex digits that follow from the source's id and the document's key within it."""
    return hashlib.sha256(f"{source}\n{key}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
