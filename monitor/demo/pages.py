"""Posts as pages of a Discuz! X forum and as feeds: text in, bytes out.

The markup follows the real program's ids and classes, so that the crawler's preset for
Discuz reads it as it reads a real forum.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from html import escape
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from monitor.demo.posts import DemoPost, published_at

PER_PAGE: Final = 20
BEIJING: Final = timezone(timedelta(hours=8))


def n_pages(n_posts: int) -> int:
    return max(1, -(-n_posts // PER_PAGE))


def forum_list(name: str, posts: Sequence[DemoPost], page: int, started_at: datetime) -> str:
    """One page of the thread list; `posts` are all of them, newest first."""
    shown = posts[(page - 1) * PER_PAGE : page * PER_PAGE]
    rows = "\n".join(_row(post, started_at) for post in shown)
    body = f'<div id="threadlist"><table summary="forum_2" id="threadlisttableid">\n{rows}\n</table></div>\n'
    return _page(f"{name} - 第{page}页", body + _pager(page, n_pages(len(posts))))


def _row(post: DemoPost, started_at: datetime) -> str:
    shown = _moment(published_at(post, started_at))
    url = f"thread-{post.id}-1-1.html"
    return (
        f'<tbody id="normalthread_{post.id}"><tr>\n'
        f'<th class="common"><a href="{url}" class="s xst">{escape(post.title)}</a></th>\n'
        f'<td class="by"><cite><a href="space-{post.id}.html">{escape(post.author)}</a></cite>'
        f"<em><span>{shown}</span></em></td>\n"
        f'<td class="num"><a href="{url}" class="xi2">0</a></td>\n'
        "</tr></tbody>"
    )


def _pager(page: int, last: int) -> str:
    links = [
        f"<strong>{number}</strong>" if number == page else f'<a href="forum-2-{number}.html">{number}</a>'
        for number in range(1, last + 1)
    ]
    following = f'<a href="forum-2-{page + 1}.html" class="nxt">下一页</a>' if page < last else ""
    return f'<div class="pg">{"".join(links)}{following}</div>'


def thread(name: str, post: DemoPost, text: str, started_at: datetime) -> str:
    """The page of one thread with its only post."""
    at = _moment(published_at(post, started_at))
    picture = ""
    for ending in ("png",) * bool(post.picture) + ("jpg",) * (post.photo is not None):
        url = f"attachment/{post.id}.{ending}"
        picture += f'<br /><img id="aimg_{post.id}" src="{url}" zoomfile="{url}" class="zoom" alt="" />'
    paragraphs = _markup(text)
    body = (
        f'<h1 class="ts"><span id="thread_subject">{escape(post.title)}</span></h1>\n'
        f'<div id="postlist"><div id="post_{post.id}"><table><tr>\n'
        f'<td class="pls"><div class="authi"><a href="space-{post.id}.html" class="xw1">'
        f"{escape(post.author)}</a></div></td>\n"
        f'<td class="plc"><div class="authi"><em id="authorposton{post.id}">发表于 {at}</em></div>\n'
        f'<div class="t_fsz"><table><tr><td class="t_f" id="postmessage_{post.id}">{paragraphs}{picture}</td>'
        "</tr></table></div></td></tr></table></div></div>"
    )
    return _page(f"{post.title} - {name}", body)


def article(name: str, post: DemoPost, text: str, started_at: datetime) -> str:
    """A page that an item of a feed links to."""
    paragraphs = "\n".join(f"<p>{escape(line)}</p>" for line in text.splitlines() if line.strip())
    at = _moment(published_at(post, started_at))
    body = f"<article><h1>{escape(post.title)}</h1><p>{escape(post.author)} {at}</p>\n{paragraphs}</article>"
    return _page(f"{post.title} - {name}", body)


def front(names: dict[str, str]) -> str:
    links = "".join(f'<li><a href="{url}">{escape(name)}</a></li>' for url, name in names.items())
    return _page("examwatch demo", f"<p>A web made for the demo. 演示用的本地网站。</p><ul>{links}</ul>")


def _page(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title></head>\n<body>\n{body}\n</body></html>\n"
    )


def rss(name: str, base: str, posts: Sequence[tuple[DemoPost, str]], started_at: datetime) -> bytes:
    """RSS 2.0 in UTF-8; each post with the text that it has now."""
    items = "".join(
        f"<item><title>{escape(post.title)}</title><link>{base}/article/{post.id}.html</link>"
        f'<guid isPermaLink="false">news-{post.id}</guid><author>{escape(post.author)}</author>'
        f"<pubDate>{format_datetime(published_at(post, started_at))}</pubDate>"
        f"<description>{escape(_markup(text))}</description></item>\n"
        for post, text in posts
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>'
        f"<title>{escape(name)}</title><link>{base}/</link><description>{escape(name)}</description>\n"
        f"{items}</channel></rss>\n"
    ).encode()


def atom(name: str, base: str, posts: Sequence[tuple[DemoPost, str]], started_at: datetime) -> bytes:
    """Atom in GB18030, as many a campus site still sends it."""
    entries = "".join(
        f"<entry><title>{escape(post.title)}</title><id>{base}/article/{post.id}.html</id>"
        f'<link href="{base}/article/{post.id}.html"/><author><name>{escape(post.author)}</name></author>'
        f"<updated>{published_at(post, started_at).isoformat()}</updated>"
        f'<content type="text">{escape(text)}</content></entry>\n'
        for post, text in posts
    )
    newest = published_at(posts[0][0], started_at) if posts else started_at
    return (
        '<?xml version="1.0" encoding="GB18030"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<title>{escape(name)}</title><id>{base}/feeds/campus.xml</id>"
        f"<updated>{newest.isoformat()}</updated>\n{entries}</feed>\n"
    ).encode("gb18030")


def picture(lines: Sequence[str]) -> bytes:
    """A PNG of a question on paper, in letters that every machine can draw."""
    paper = Image.new("L", (900, 110 + 56 * len(lines)), 246)
    draw = ImageDraw.Draw(paper)
    font = ImageFont.load_default(32)
    for number, line in enumerate(lines):
        draw.text((60, 50 + 56 * number), line, fill=20, font=font)
    out = io.BytesIO()
    paper.save(out, "PNG")
    return out.getvalue()


def _markup(text: str) -> str:
    return "<br />\n".join(escape(line) for line in text.splitlines())


def _moment(at: datetime) -> str:
    local = at.astimezone(BEIJING)
    return f"{local.year}-{local.month}-{local.day} {local:%H:%M}"
