"""Addresses are read as browsers read them, and no spelling leads inside."""

from __future__ import annotations

import json
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.address import addresses_of, is_public
from crawlers.errors import CrawlError
from crawlers.url import canonical, document_id, parse

DATA = Path(__file__).parents[2] / "data" / "web" / "url"

PRIVATE_V4 = [
    "127.0.0.1", "127.0.0.2", "127.255.255.254", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255",
    "192.168.0.1", "192.168.255.255", "169.254.169.254", "169.254.0.1", "100.64.0.1", "100.100.100.200",
    "100.127.255.255", "0.0.0.0", "0.1.2.3", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.19.255.255",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "168.63.129.16", "192.88.99.1",
]  # fmt: skip
PRIVATE_V6 = [
    "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "2001::1", "100::1",
    "fec0::1", "3fff::1", "5f00::1", "64:ff9b:1::1",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "114.114.114.114",
    "223.5.5.5",
    "2606:4700::1111",
    "2400:3200::1",
    "64:ff9b::808:808",
]


def spellings(address: str) -> list[str]:
    """Hosts that mean `address` to some resolver, browser or library."""
    a, b, c, d = (int(part) for part in address.split("."))
    whole = (a << 24) | (b << 16) | (c << 8) | d
    wide = address.translate({ord(str(n)): ord("０") + n for n in range(10)} | {ord("."): "。"})
    circled = address.translate({ord("0"): "⓪"} | {ord(str(n)): ord("①") + n - 1 for n in range(1, 10)})
    return [
        address, f"{address}.", str(whole), hex(whole), hex(whole).upper().replace("0X", "0x"), f"0{whole:o}",
        f"{a}.{(b << 16) | (c << 8) | d}", f"{a}.{b}.{(c << 8) | d}", f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"{a:#x}.{b:#x}.{c:#x}.{d:#x}", f"{a:#x}.{b}.0{c:o}.{d}", f"{a:#06x}.{b:#x}.{(c << 8) | d}",
        wide, circled, "".join(f"%{ord(character):02x}" for character in address),
        f"[::ffff:{address}]", f"[::ffff:{whole >> 16:x}:{whole & 0xFFFF:x}]", f"[64:ff9b::{address}]",
        f"[::{address}]", f"[2002:{whole >> 16:x}:{whole & 0xFFFF:x}::]", f"[0:0:0:0:0:ffff:{address}]",
    ]  # fmt: skip


INSIDE = [f"http://{host}/x" for address in PRIVATE_V4 for host in spellings(address)] + [
    f"https://[{address}]:8443/" for address in PRIVATE_V6
]


class NoNames:
    """Every name resolves to a public address: what is refused here is refused for its spelling."""

    async def resolve(self, host, port):
        return [ip_address("93.184.216.34")]


def test_there_are_at_least_300_inside_addresses_to_refuse():
    assert len(set(INSIDE)) >= 300


@pytest.mark.parametrize("url", sorted(set(INSIDE)))
async def test_no_spelling_of_an_inside_address_is_reached(url):
    with pytest.raises(CrawlError) as told:
        await addresses_of(parse(url), frozenset(), NoNames())
    assert told.value.kind in ("refused", "url")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "dict://127.0.0.1:11211/", "ftp://10.0.0.1/", "jar:http://a!/",
        "http://", "http:///", "http://user@127.0.0.1/", "http://1.1.1.1@127.0.0.1/", "http://a:b@c/", "http://[::1",
        "http://[fe80::1%25eth0]/", "http://exa mple/", "http://a^b/", "http://127.1.1.1.1/", "http://0x100.1/",
        "http://4294967296/", "http://08.1.1.1/", "http://a:99999/", "http://a:80x/", "http://%zz/", "http://%00/",
        "javascript:alert(1)", "data:text/html,x", "//no.scheme/", "", " ", "http://a%2fb/", "http://a..b/",
        "http://" + "a" * 300 + "/", "http://x/" + "y" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_web_address_is_refused_in_one_line(url):
    with pytest.raises(CrawlError) as told:
        parse(url)
    assert told.value.kind == "url"
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public(address):
    assert is_public(ip_address(address))


async def test_a_name_with_one_private_address_among_public_ones_is_refused():
    class Rebinding:
        async def resolve(self, host, port):
            return [ip_address("93.184.216.34"), ip_address("127.0.0.1")]

    with pytest.raises(CrawlError, match="not a public host"):
        await addresses_of(parse("http://rebind.example/"), frozenset(), Rebinding())


async def test_a_private_host_is_reached_only_under_the_name_and_port_that_the_configuration_gives():
    named = frozenset({"127.0.0.1:8441"})
    assert await addresses_of(parse("http://127.0.0.1:8441/forum"), named, NoNames())
    assert await addresses_of(parse("http://2130706433:8441/forum"), named, NoNames())
    for url in ("http://127.0.0.1:8440/", "http://127.0.0.1/", "http://127.0.0.2:8441/"):
        with pytest.raises(CrawlError):
            await addresses_of(parse(url), named, NoNames())


def wpt_cases() -> list[tuple[str, str | None, str | None]]:
    """Input, base and expected href of the web platform tests for http and https, fragments cut off."""
    cases = []
    for case in json.loads((DATA / "wpt_urltestdata.json").read_text()):
        if isinstance(case, str) or not (case.get("base") or "http:").startswith("http"):
            continue
        href = None if case.get("failure") else case["href"].partition("#")[0]
        plain = "@" not in case["input"] + (case.get("base") or "")
        if href is None or (href.startswith(("http:", "https:")) and plain):
            cases.append((case["input"], case.get("base"), href))
    return cases


# We also decode needless escapes and write the needed ones in upper case; browsers keep both.
OUR_OWN = {
    "/a%2fc", "/a/%2f/c", "http://example.com/foo/%2e%2", "http://example.com/foo/%2e./%2e%2e/.%2e/%2e.bar",
    "http://example.com/foo%41%7a", "http://example.com/foo%00%51", "http://example.com/%3A%3a%3C%3c",
    "http://www/foo%2Ehtml", "http://./", "http://../", "http://foo.09..",
}  # fmt: skip


def test_addresses_are_read_as_the_web_platform_tests_say():
    cases = [case for case in wpt_cases() if case[0] not in OUR_OWN]
    assert len(cases) > 400
    wrong = []
    for text, base, expected in cases:
        try:
            got = str(parse(text, parse(base) if base else None))
        except CrawlError:
            got = None
        if got != expected:
            wrong.append((text, base, got, expected))
    assert wrong == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "http://Bbs.Example.org:80/a/../t?tid=5&sid=0123456789abcdef0123456789abcdef",
            "http://bbs.example.org/t?tid=5",
        ),
        ("http://x.cn/t?utm_source=a&id=1#floor3", "http://x.cn/t?id=1"),
        ("http://x.cn/%e4%b8%ad", "http://x.cn/中"),
        ("http://考试.cn/", "http://xn--xw0a15v.cn/"),
        ("http://x.cn/t?", "http://x.cn/t"),
        ("http://x.cn/t?s=0123456789abcdef0123456789abcdef&t=1", "http://x.cn/t?t=1"),
    ],
)
def test_spellings_of_one_page_have_one_canonical_form(one, other):
    assert str(canonical(parse(one))) == str(canonical(parse(other)))


def test_queries_that_tell_pages_apart_stay():
    assert canonical(parse("http://x/t?tid=1")) != canonical(parse("http://x/t?tid=2"))
    assert str(canonical(parse("http://x/?s=exam"))) == "http://x/?s=exam"
    assert str(canonical(parse("http://x/article.php?sid=123"))) == "http://x/article.php?sid=123"


@given(st.text(max_size=60))
def test_canonical_is_idempotent_and_survives_its_own_text(tail):
    try:
        once = canonical(parse("http://x.cn/" + tail))
    except CrawlError:
        return
    assert canonical(parse(str(once))) == once


def test_a_document_id_depends_on_source_and_key():
    assert len({document_id("a", "1"), document_id("a", "2"), document_id("b", "1")}) == 3
    assert document_id("a", "1") == document_id("a", "1")
