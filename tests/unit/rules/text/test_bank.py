"""Secret items as fingerprints: what is found, what is not, what the file tells."""

from __future__ import annotations

import os
import random
import stat
import string
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.text.bank import Bank, BankError, Item, new_key, read_key, write_key
from rules.text.boilerplate import NONE
from rules.text.fingerprint import gram_values, guarantee, squeeze, winnow
from rules.text.items import split_items
from rules.text.siphash import siphash

KEY = bytes(range(32))
CHARACTERS = [chr(code) for code in range(0x4E00, 0x5E00)]
MASK = (1 << 64) - 1


def made_item(seed: int, length: int = 160) -> str:
    chance = random.Random(seed)
    return "".join(chance.choice(CHARACTERS) for _ in range(length))


def noisy(text: str, share: float, chance: random.Random) -> str:
    """OCR-like: of the wrong characters 70 % misread, 15 % lost, 15 % doubled."""
    out: list[str] = []
    for character in text:
        luck = chance.random() / share if share else 1.0
        if luck < 0.7:
            out.append(chance.choice(CHARACTERS))
        elif luck < 0.85:
            continue
        elif luck < 1.0:
            out += (character, character)
        else:
            out.append(character)
    return "".join(out)


@pytest.fixture(scope="module")
def bank() -> Bank:
    return Bank.build([Item(f"item {n}", made_item(n)) for n in range(300)], KEY)[0]


def siphash_slowly(message: bytes, key: bytes) -> int:
    """The published algorithm, word by word, as the twin of the numpy lanes."""

    def rotate(x: int, n: int) -> int:
        return ((x << n) | (x >> (64 - n))) & MASK

    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def turn() -> None:
        v[0] = (v[0] + v[1]) & MASK
        v[1] = rotate(v[1], 13) ^ v[0]
        v[0] = rotate(v[0], 32)
        v[2] = (v[2] + v[3]) & MASK
        v[3] = rotate(v[3], 16) ^ v[2]
        v[0] = (v[0] + v[3]) & MASK
        v[3] = rotate(v[3], 21) ^ v[0]
        v[2] = (v[2] + v[1]) & MASK
        v[1] = rotate(v[1], 17) ^ v[2]
        v[2] = rotate(v[2], 32)

    tail = message[len(message) // 8 * 8 :]
    last = int.from_bytes(tail, "little") | (len(message) & 0xFF) << 56
    for word in (
        *(int.from_bytes(message[at : at + 8], "little") for at in range(0, len(message) // 8 * 8, 8)),
        last,
    ):
        v[3] ^= word
        turn()
        turn()
        v[0] ^= word
    v[2] ^= 0xFF
    for _ in range(4):
        turn()
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def test_the_slow_siphash_gives_the_published_value() -> None:
    # Appendix A of the SipHash paper: 15 bytes 00..0e under key 00..0f.
    assert siphash_slowly(bytes(range(15)), bytes(range(16))) == 0xA129CA6149BE45E5


@given(st.binary(min_size=24, max_size=24), st.binary(min_size=16, max_size=16))
def test_the_fast_siphash_agrees_with_the_slow_one(message: bytes, key: bytes) -> None:
    words = np.frombuffer(message, dtype="<u8").reshape(3, 1)
    assert int(siphash(words, key)[0]) == siphash_slowly(message, key)


@settings(max_examples=60, deadline=None)
@given(
    st.text(alphabet="已知集合函数abcdefgh012", min_size=20, max_size=60),
    st.text(alphabet="甲乙丙丁xyz", max_size=12),
    st.text(alphabet="甲乙丙丁xyz", max_size=12),
    st.data(),
)
def test_every_verbatim_run_of_the_guaranteed_length_shares_a_kept_value(
    item: str, before: str, after: str, data: st.DataObject
) -> None:
    codes = squeeze(item)
    length = guarantee()
    start = data.draw(st.integers(0, len(codes) - length))
    values, _ = gram_values(codes, KEY[:16])
    kept = values[winnow(values, np.zeros(len(values), dtype=bool))]
    run = "".join(map(chr, codes[start : start + length]))
    quoted, _ = gram_values(squeeze(f"{before}{run}{after}"), KEY[:16])
    assert np.isin(quoted, kept).any()


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.integers(1, 6))
def test_winnowing_keeps_the_last_smallest_of_every_window(values: list[int], window: int) -> None:
    kept = winnow(np.array(values, dtype=np.uint64), np.zeros(len(values), dtype=bool), window)
    width = min(window, len(values))
    plain = set()
    for start in range(len(values) - width + 1):
        part = values[start : start + width]
        plain.add(start + max(at for at, value in enumerate(part) if value == min(part)))
    assert set(kept.tolist()) == plain


def test_a_noisy_quote_of_forty_characters_is_found(bank: Bank) -> None:
    chance = random.Random(1)
    n_found = 0
    for n in range(300):
        at = chance.randrange(0, 120)
        post = f"谁会这题啊 {noisy(made_item(n)[at : at + 40], 0.15, chance)} 急"
        n_found += f"item {n}" in [match.item for match in bank.match(post)]
    assert n_found >= 0.93 * 300


def test_an_item_retyped_with_its_options_in_another_order_is_found(bank: Bank) -> None:
    for n in range(0, 300, 10):
        text = made_item(n)
        parts = [text[:80], text[140:], text[100:120], text[80:100], text[120:140]]
        assert bank.match("".join(parts))[0].item == f"item {n}"


def test_a_whole_item_is_contained_and_its_run_unbroken(bank: Bank) -> None:
    match = bank.match(made_item(7))[0]
    assert match.item == "item 7"
    assert match.containment == 1.0
    assert match.longest_run > 150


def test_disguise_does_not_hide_a_quote(bank: Bank) -> None:
    post = "*".join(made_item(9)[20:70])
    assert bank.match(post)[0].item == "item 9"


def test_other_texts_match_nothing(bank: Bank) -> None:
    assert not any(bank.match(made_item(seed)) for seed in range(1000, 1100))
    assert bank.match("") == []
    assert bank.match("高考加油") == []


def test_one_phrase_in_common_is_no_quote() -> None:
    bank, _ = Bank.build([Item("a", made_item(1) + "推动社会主义文化大发展" + made_item(2))], KEY, NONE)
    assert bank.match("我们要推动社会主义文化大发展，大家说好不好") == []


def test_boilerplate_counts_nothing() -> None:
    standing = "在每小题给出的四个选项中只有一项是符合题目要求的"
    bank, _ = Bank.build([Item("a", standing + made_item(3))], KEY)
    assert bank.match(standing) == []


def test_a_bank_comes_back_from_its_file_as_it_was(bank: Bank, tmp_path: Path) -> None:
    bank.save(tmp_path / "b")
    again = Bank.load(tmp_path / "b", KEY)
    assert again.items == bank.items
    assert again.match(made_item(5)) == bank.match(made_item(5))


def test_the_file_holds_no_plain_text(bank: Bank, tmp_path: Path) -> None:
    bank.save(tmp_path / "b")
    raw = (tmp_path / "b").read_bytes()
    for encoding in ("utf-8", "utf-16-le", "utf-32-le", "gb18030"):
        for n in (0, 150, 299):
            text = made_item(n)
            assert not any(text[at : at + 3].encode(encoding) in raw for at in range(len(text) - 3))


def test_another_key_or_a_changed_byte_is_refused_by_name(bank: Bank, tmp_path: Path) -> None:
    path = tmp_path / "b"
    bank.save(path)
    with pytest.raises(BankError, match=f"{path}:1: the key is another one"):
        Bank.load(path, new_key())
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(BankError, match="damaged"):
        Bank.load(path, KEY)
    path.write_bytes(b"something else")
    with pytest.raises(BankError, match="no bank"):
        Bank.load(path, KEY)


def test_the_same_items_under_two_keys_share_no_value() -> None:
    items = [Item("a", made_item(1))]
    first, second = Bank.build(items, KEY)[0], Bank.build(items, new_key())[0]
    assert not np.isin(first.values, second.values).any()


def test_items_too_short_to_be_told_from_chance_are_named() -> None:
    _, weak = Bank.build([Item("short", "求x"), Item("long", made_item(1))], KEY)
    assert weak == ["short"]


def test_a_key_file_is_its_owners_alone_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "k"
    write_key(path, KEY)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert read_key(path) == KEY
    with pytest.raises(FileExistsError):
        write_key(path, new_key())
    path.write_text("not a key")
    with pytest.raises(BankError, match=f"{path}:1"):
        read_key(path)


def test_a_paper_is_split_at_its_question_numbers() -> None:
    paper = (
        "2024年数学\n一、选择题\n1．已知集合如下\nA. 甲 B. 乙\n2、函数的最小值\n3.5 是一个数\n"
        "二、解答题\n3. (1) 求通项\n(2) 求和\n第4题 证明\n2024. 年份不是题号"
    )
    items = {item.name: item.text for item in split_items("p", paper)}
    assert list(items) == ["p#1", "p#2", "p#3", "p#4"]
    assert "A. 甲" in items["p#1"]
    assert "3.5" in items["p#2"]
    assert "解答题" not in items["p#2"]
    assert "(2) 求和" in items["p#3"]


def test_a_part_that_counts_from_one_again_is_told_apart() -> None:
    names = [
        item.name for item in split_items("p", "1. 第一道题目\n2. 第二道题目\n1. 又一道题目\n2. 再一道题目")
    ]
    assert names == ["p#1", "p#2", "p#2-1", "p#2-2"]


def test_a_paper_without_numbers_is_one_item() -> None:
    assert [item.name for item in split_items("p", "以“人与自然”为题写一篇文章")] == ["p"]


def test_a_noisy_english_quote_is_found_by_letters_that_stand_in_line() -> None:
    chance = random.Random(4)
    words = ["".join(chance.choices(string.ascii_lowercase, k=chance.randint(3, 8))) for _ in range(400)]
    items = [Item(str(n), " ".join(chance.sample(words, 60))) for n in range(30)]
    bank, _ = Bank.build(items, KEY, NONE)
    found = 0
    for _ in range(60):
        item = chance.choice(items)
        letters = item.text.replace(" ", "")
        at = chance.randrange(len(letters) - 40)
        quote = "".join(
            c if chance.random() > 0.15 else chance.choice(string.ascii_lowercase)
            for c in letters[at : at + 40]
        )
        found += item.name in [match.item for match in bank.match(f"who knows this: {quote}")]
    assert found >= 50
    assert not bank.match("completely different words about the weather and the garden, nothing to see here")
