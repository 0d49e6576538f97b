"""What a text offers, asks or claims; and that harmless talk stays quiet."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import pytest
from held_out import POSTS
from made_posts import harmless, offers

from rules.text.lexicon_file import shipped_lexicon
from rules.text.reading import TextReading, read_with


def read(text: str) -> TextReading:
    return read_with(shipped_lexicon(), text)


def fires(text: str) -> set[str]:
    return {score.category for score in read(text).fired}


def test_made_offers_of_every_category_are_found() -> None:
    n, found = Counter[str](), Counter[str]()
    for category, text in offers(2, seed=11):
        n[category] += 1
        found[category] += category in fires(text)
    assert all(found[category] >= 0.9 * n[category] for category in n), found
    assert found.total() >= 0.95 * n.total()


def test_made_harmless_talk_about_exams_stays_quiet() -> None:
    posts = list(harmless(3, seed=11))
    assert sum(bool(fires(text)) for text in posts) <= 0.01 * len(posts)


def test_whole_posts_in_other_wording_are_told_apart() -> None:
    wanted = [(category, text) for category, text in POSTS if category]
    quiet = [text for category, text in POSTS if category is None]
    assert sum(category in fires(text) for category, text in wanted) >= 0.9 * len(wanted)
    assert sum(bool(fires(text)) for text in quiet) <= 1


def test_posts_of_three_wider_sets_are_told_apart() -> None:
    lines = Path(__file__).with_name("wider_posts.tsv").read_text(encoding="utf-8").splitlines()[1:]
    posts = [line.split("\t") for line in lines]
    wanted = [(category, text) for _, category, text in posts if category != "harmless"]
    quiet = [text for _, category, text in posts if category == "harmless"]
    assert sum(category in fires(text) for category, text in wanted) >= 0.93 * len(wanted)
    assert sum(
        getattr(read(text).main, "category", None) == category for category, text in wanted
    ) >= 0.9 * len(wanted)
    assert sum(bool(fires(text)) for text in quiet) <= 0.01 * len(quiet)


def test_posts_of_a_set_of_disguises_and_harmless_talk_are_told_apart() -> None:
    lines = Path(__file__).with_name("unseen_posts.tsv").read_text(encoding="utf-8").splitlines()[1:]
    posts = [line.replace("\\n", "\n").split("\t")[1:] for line in lines]
    wanted = [(set(categories.split("|")), text) for categories, text in posts if categories != "harmless"]
    quiet = [text for categories, text in posts if categories == "harmless"]
    assert sum(bool(categories & fires(text)) for categories, text in wanted) >= 0.95 * len(wanted)
    assert sum(bool(fires(text)) for text in quiet) <= 0.02 * len(quiet)


@pytest.mark.parametrize("exam", ["软考", "高考", "雅思", "SAT", "a level"])
def test_the_name_of_an_exam_alone_is_no_offer(exam: str) -> None:
    assert not fires(exam)
    assert not fires(f"下周{exam}，加油")


def test_the_same_words_are_an_offer_or_a_warning_by_their_company() -> None:
    assert "sell" in fires("高考答案出售，加QQ 12345678")
    assert not fires("网上声称高考答案出售的都是骗局，切勿相信")
    assert not fires("警方抓获3名出售高考答案的嫌疑人")


def test_an_advertisement_that_warns_of_fraud_is_still_one() -> None:
    assert "sell" in fires("出售四级答案，考后付款，谨防骗子，认准本人QQ 812345678")


def test_harmless_compounds_hide_the_evidence_inside_them() -> None:
    assert not fires("火枪手 机枪手 加微信abc12345")
    assert not fires("历年真题答案解析，需要的下载")


def test_why_names_the_terms_and_their_roles() -> None:
    why = read("高考答案出售，加QQ 12345678").categories["sell"].why
    assert any(line.startswith("object: ") and "答案" in line for line in why)
    assert any(line.startswith("contact: ") for line in why)


def test_terms_point_at_the_original_characters() -> None:
    text = "出 售 高*考 答\u200b案，+V abc12345"
    hits = read(text).categories["sell"].terms
    letters = {"".join(text[low:high] for low, high in hit.spans) for hit in hits if hit.term == "答案"}
    assert letters == {"答案"}


def test_what_is_far_apart_in_a_long_text_is_not_one_offer() -> None:
    filler = "今天天气很好我们去公园散步看到很多花" * 20
    assert not fires(f"参加考试要认真看答案{filler}本店出售家具加微信abc12345")


def test_an_offer_inside_a_long_text_is_found() -> None:
    filler = "今天天气很好我们去公园散步看到很多花。" * 20
    assert "sell" in fires(f"{filler}高考答案出售，考后付款，加微信abc12345。{filler}")


@pytest.mark.slow
def test_reading_a_kilobyte_takes_about_a_millisecond() -> None:
    chance = random.Random(3)
    text = "".join(
        chance.sample("今天我们去看电影然后吃饭昨天老师说下周有考试大家都很紧张但是也没办法只能复习", 30) * 12
    )[:341]
    read(text)
    took = sorted(_timed(text) for _ in range(40))
    assert took[len(took) // 2] < 0.004  # four times the aim: other work shares the machine


def _timed(text: str) -> float:
    start = time.thread_time()
    read(text)
    return time.thread_time() - start


@pytest.mark.parametrize(
    ("category", "text"),
    [
        ("proxy", "代考雅思，答案自己写，考后付款，加微信abc12345"),
        ("device", "考试隐形耳机，监考发现不了，配答案接收，现货800元，加微信abc12345"),
        ("scam", "后台修改高考成绩，先付定金，加微信abc12345"),
        ("sell", "考前一天发四级真题答案，30元一份，加微信abc12345"),
    ],
)
def test_a_post_of_several_categories_has_one_that_tells_best_what_it_is(category: str, text: str) -> None:
    main = read(text).main
    assert main is not None
    assert main.category == category


def test_a_harmless_post_has_no_main_category() -> None:
    assert read("明天高考，大家加油").main is None


def test_a_frame_hides_no_word_that_turns_the_meaning() -> None:
    assert not fires("期末复习资料已上传到班级群，请查收")
