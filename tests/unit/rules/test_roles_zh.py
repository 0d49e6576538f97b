"""Every role and form that an English reason may name has its Chinese."""

from __future__ import annotations

from rules.roles_zh import FORMS_ZH, ROLES_ZH, because_zh
from rules.text import layout
from rules.text.answers import ANSWERS
from rules.text.lexicon import ROLES


def test_nothing_that_a_reason_names_is_left_in_english():
    assert set(ROLES_ZH) == set(ROLES)
    assert set(FORMS_ZH) == {ANSWERS, *(form.name for form in layout.FORMS)}


def test_the_words_of_the_text_stay_as_they_are():
    why = ("layout: options A B C, 注意事项", "lowered by study: 模拟")
    assert because_zh(why) == "版式：选项 A B C、注意事项；减分·备考：模拟"
