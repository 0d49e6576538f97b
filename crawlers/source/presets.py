"""Selectors of forum programs, and expressions of sites' JSON, that many sources share.

A source names one with ``preset:`` and may replace single entries. Each was read off the
program's own default theme; docs/crawlers.md says against which real pages it was tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

Preset = TypeVar("Preset")

FORUM_PRESETS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "discuz": {  # Discuz! X3: forum.php?mod=forumdisplay, viewthread
        "list": {
            "thread": "tbody[id^=normalthread_], tbody[id^=stickthread_]",
            "link": "a.s.xst, th a.xst@href",
            "mark": "td.num a",
            "next": "a.nxt@href",
        },
        "thread": {
            "post": "#postlist > div[id^=post_]",
            "id": "@id",
            "text": "td.t_f",
            "author": ".authi a.xw1 || .authi a",
            "time": "em[id^=authorposton] span@title || em[id^=authorposton]",
            "images": "img[zoomfile]@zoomfile || td.t_f img@src",
            "files": "a[href*='mod=attachment']@href",
            "page_title": "#thread_subject || title",
            "next": "a.nxt@href",
        },
    },
    "phpbb": {  # phpBB 3, prosilver
        "list": {
            "thread": "ul.topics > li.row",
            "link": "a.topictitle@href",
            "mark": "dd.posts",
            "next": ".pagination li.next a, a[rel=next]@href",
        },
        "thread": {
            "post": "div.post[id^=p]",
            "id": "@id",
            "text": ".content",
            "author": "p.author .username, p.author .username-coloured, p.author strong",
            "time": "p.author time@datetime || p.author",
            "images": ".content img, .attachbox img@src",
            "files": ".attachbox a.postlink@href",
            "page_title": "h2.topic-title, h2",
            "next": ".pagination li.next a, a[rel=next]@href",
        },
    },
    "vbulletin": {  # vBulletin 3 and 4
        "list": {
            "thread": "li.threadbit, #threadslist tr:has(a[id^=thread_title_])",
            "link": "a[id^=thread_title_]@href",
            "mark": ".threadstats li:first-child || a[onclick*='who(']",
            "next": "a[rel=next]@href",
        },
        "thread": {
            "post": "li[id^=post_], div[id^=edit]:has([id^=post_message_])",
            "id": "@id",
            "text": "[id^=post_message_]",
            "author": "a.username, a.bigusername",
            "time": ".postdate, td.thead",
            "images": "[id^=post_message_] img@src",
            "files": "a[href*='attachment.php']@href",
            "page_title": ".threadtitle || title",
            "next": "a[rel=next]@href",
        },
    },
    "nodebb": {  # NodeBB's pages as its server renders them
        "list": {
            "thread": "[component='category/topic']",
            "link": "[component='topic/header'] a, a[href*='/topic/']@href",
            "mark": "[component='topic/post-count'], .stats-postcount",
            "next": "link[rel=next], li.next a@href",
        },
        "thread": {
            "post": "[component='post']",
            "id": "@data-pid",
            "text": "[component='post/content']",
            "author": "@data-username",
            "time": ".timeago@title",
            "images": "[component='post/content'] img@src",
            "page_title": "[component='topic/title'] || title",
            "next": "link[rel=next], li.next a@href",
        },
    },
}

PAGE_PRESETS: Mapping[str, Mapping[str, str]] = {
    "telegram": {  # https://t.me/s/CHANNEL, the public preview
        "post": "div.tgme_widget_message[data-post]",
        "id": "@data-post",
        "text": ".tgme_widget_message_text",
        "author": ".tgme_widget_message_owner_name",
        "time": "a.tgme_widget_message_date time@datetime",
        "link": "a.tgme_widget_message_date@href",
        "page_title": ".tgme_channel_info_header_title || title",
        "next": "a.tme_messages_more[data-before]@href",
    },
}

JSON_PRESETS: Mapping[str, Mapping[str, str]] = {
    "discourse": {  # https://HOST/posts.json: the newest posts of every topic
        "items": "latest_posts",
        "key": "to_string(id)",
        "link": "join('', ['/t/', topic_slug, '/', to_string(topic_id), '/', to_string(post_number)])",
        "title": "topic_title",
        "text": "cooked",
        "author": "username",
        "time": "created_at",
    },
    "reddit": {  # https://www.reddit.com/r/NAME/new.json
        "items": "data.children[].data",
        "key": "name",
        "link": "permalink",
        "title": "title",
        "text": "selftext",
        "author": "author",
        "time": "to_string(created_utc)",
        "images": "[url_overridden_by_dest][]",
        "next": "data.after",
        "next_parameter": "after",
    },
    "mastodon": {  # https://HOST/api/v1/timelines/tag/TAG, or /public
        "items": "[]",
        "key": "uri",
        "link": "url",
        "text": "content",
        "author": "account.acct",
        "time": "created_at",
        "images": "media_attachments[].url",
    },
    "v2ex": {  # https://www.v2ex.com/api/topics/latest.json
        "items": "[]",
        "key": "to_string(id)",
        "link": "url",
        "title": "title",
        "text": "content",
        "author": "member.username",
        "time": "to_string(created)",
    },
    "nodebb": {  # https://HOST/api/recent, teasers of the topics lately answered
        "items": "topics",
        "key": "to_string(tid)",
        "link": "join('', ['/topic/', slug])",
        "title": "titleRaw || title",
        "text": "teaser.content",
        "author": "user.username",
        "time": "timestampISO",
    },
}


def named(name: object, presets: Mapping[str, Preset]) -> Preset:
    """The preset `name`.

    Raises
    ------
    ValueError
        With the names there are.
    """
    preset = presets.get(str(name))
    if preset is None:
        raise ValueError(f"no preset {name!r}; there are: {', '.join(sorted(presets))}")
    return preset


def filled(data: Any, presets: Mapping[str, Mapping[str, str]]) -> Any:
    """A source's settings with what its ``preset`` says under ``select``, where it says nothing itself."""
    if not isinstance(data, dict) or not data.get("preset"):
        return data
    settings = cast("dict[str, Any]", data)
    preset = named(settings["preset"], presets)
    own = settings.get("select") or {}
    return {**settings, "select": {**preset, **own}} if isinstance(own, dict) else settings
