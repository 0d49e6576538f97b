"""`examwatch bank` and `examwatch match` as users call them."""

from __future__ import annotations

import json
from pathlib import Path

import docx
import pytest
import typer
from PIL import Image

from monitor.cli.bank import app, items_of
from monitor.cli.match import match_command
from monitor.faults import Fault, InputError

PAPER = (
    "一、选择题\n1. 某工厂去年生产了三百二十台新型收割机，其中十二台在出厂检验时被发现齿轮磨损严重。\n"
    "A. 甲 B. 乙\n"
    "2. 小明在河边看见一只白鹭单腿站立，低头注视水面很久，然后突然展翅飞向对岸的芦苇丛。\n"
)
QUOTE = "谁会这题 小明在河边看见一只白鹭单腿站力，低头注视水面很久然后突然展翅飞向对岸的芦苇丛"


def run(*arguments: object) -> None:
    app([str(argument) for argument in arguments], standalone_mode=False)


def match(*arguments: object) -> None:
    command = typer.Typer()
    command.command()(match_command)
    command([str(argument) for argument in arguments], standalone_mode=False)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    (tmp_path / "paper.txt").write_text(PAPER, encoding="utf-8")
    run("key", "--out", tmp_path / "k")
    run("build", tmp_path / "paper.txt", "--key", tmp_path / "k", "--out", tmp_path / "b")
    return tmp_path


def posts(folder: Path, *lines: str) -> Path:
    path = folder / "posts.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def records(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_post_is_answered_in_order_with_the_items_it_quotes(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = posts(made, json.dumps({"id": 1, "text": "今天天气真好"}), json.dumps({"id": "b", "text": QUOTE}))
    run("match", made / "b", file, "--key", made / "k")
    first, second = records(capsys)
    assert first == {"id": 1, "matches": [], "bank": []}
    assert second["id"] == "b"
    assert [entry["item"] for entry in second["bank"]] == ["paper#2"]  # type: ignore[attr-defined, index]


def test_a_bad_line_is_named_and_the_others_answered(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = posts(made, '{"id":1,"text":"好"}', "not json", '{"text":"no id"}', '{"id":2,"text":"好"}')
    with pytest.raises(InputError) as caught:
        match(file)
    assert [record["id"] for record in records(capsys)] == [1, 2]
    assert [fault.line for fault in caught.value.faults] == [2, 3]


def test_a_bare_post_is_judged_as_from_inside_a_session(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "在考场厕所，数学第14题选什么，急，有偿"
    lines = (
        {"id": 1, "text": text},
        {"id": 2, "text": text, "phase": "none"},
        {"id": 3, "text": "求历年真题，谢谢"},
    )
    match(posts(made, *map(json.dumps, lines)))
    bare, elsewhen, harmless = records(capsys)
    assert "help" in [entry["category"] for entry in bare["matches"]]  # type: ignore[attr-defined, index]
    assert elsewhen["matches"] == []
    assert harmless == {"id": 3, "matches": [], "bank": []}


def test_a_match_says_rule_level_category_and_why(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    match(posts(made, json.dumps({"id": 1, "text": "高考答案出售，考后付款，加微信abc12345"})))
    (record,) = records(capsys)
    (entry,) = record["matches"]  # type: ignore[misc]
    assert (entry["category"], entry["level"]) == ("sell", "high")
    assert "答案" in json.dumps(entry["why"], ensure_ascii=False)


def test_a_document_is_read_with_its_title_and_attachments(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = {
        "id": 1,
        "title": "求助",
        "text": "见图",
        "attachments": [{"text": QUOTE, "digest": "sha256:0"}],
    }
    match(posts(made, json.dumps(document)), "--bank", made / "b", "--key", made / "k")
    (record,) = records(capsys)
    assert record["bank"]


def test_a_bank_without_its_key_is_refused(made: Path) -> None:
    with pytest.raises(InputError, match="given together"):
        match(posts(made, ""), "--bank", made / "b")


def test_a_paper_that_cannot_be_read_is_named_and_the_others_are_built(tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text(PAPER, encoding="utf-8")
    (tmp_path / "bad.docx").write_bytes(b"no zip")
    (tmp_path / "bad.pdf").write_bytes(b"no pdf")
    run("key", "--out", tmp_path / "k")
    papers = [tmp_path / name for name in ("bad.docx", "good.txt", "missing.txt", "bad.pdf", "odd.xyz")]
    with pytest.raises(InputError) as caught:
        run("build", *papers, "--key", tmp_path / "k", "--out", tmp_path / "b")
    assert {Path(fault.file).name for fault in caught.value.faults} == {
        "bad.docx",
        "missing.txt",
        "bad.pdf",
        "odd.xyz",
    }
    assert (tmp_path / "b").exists()


def test_nothing_is_written_when_no_paper_could_be_read(tmp_path: Path) -> None:
    run("key", "--out", tmp_path / "k")
    with pytest.raises(InputError):
        run("build", tmp_path / "missing.txt", "--key", tmp_path / "k", "--out", tmp_path / "b")
    assert [path.name for path in tmp_path.iterdir()] == ["k"]


def test_items_come_one_a_line_from_jsonl_and_from_word(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"item":"x","text":"题目"}\nbad\n', encoding="utf-8")
    document = docx.Document()
    for line in PAPER.splitlines():
        document.add_paragraph(line)
    document.save(str(tmp_path / "w.docx"))
    faults: list[Fault] = []
    assert [item.name for item in items_of(tmp_path / "a.jsonl", faults)] == ["x"]
    assert [fault.line for fault in faults] == [2]
    assert [item.name for item in items_of(tmp_path / "w.docx", [])] == ["w#1", "w#2"]


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    run("key", "--out", tmp_path / "k")
    before = (tmp_path / "k").read_bytes()
    with pytest.raises(InputError, match="never overwritten"):
        run("key", "--out", tmp_path / "k")
    assert (tmp_path / "k").read_bytes() == before


def test_posts_saved_by_windows_are_read_or_named(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = json.dumps({"id": 1, "text": QUOTE}, ensure_ascii=False)
    file = made / "posts.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + line.encode() + b"\r\n")
    match(file)
    assert [record["id"] for record in records(capsys)] == [1]
    for encoding, said in (("utf-16", "UTF-16 text"), ("gb18030", "not UTF-8 text")):
        file.write_bytes((line + "\n" + line + "\n").encode(encoding))
        with pytest.raises(InputError) as wrong:
            match(file)
        assert str(file) in str(wrong.value)
        assert said in str(wrong.value)


def test_a_post_nested_without_end_is_one_fault_and_the_next_is_read(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deep = '{"id":1,"text":"a","x":' + "[" * 100_000 + "]" * 100_000 + "}"
    with pytest.raises(InputError, match=r"posts\.jsonl:1: no post"):
        match(posts(made, deep, json.dumps({"id": 2, "text": "ok"})))
    assert [record["id"] for record in records(capsys)] == [2]


def test_of_an_endless_post_as_much_is_read_as_the_daemon_reads(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = json.dumps({"id": 1, "text": "考前答案" + "。" * 300_000 + QUOTE})
    with pytest.raises(InputError, match=r"posts\.jsonl:1: only the first 200000 characters"):
        run("match", made / "b", posts(made, long), "--key", made / "k")
    assert records(capsys) == [{"id": 1, "matches": [], "bank": []}]


def test_a_paper_may_be_utf_16_text_a_picture_or_a_scan(tmp_path: Path) -> None:
    (tmp_path / "notepad.txt").write_bytes(PAPER.encode("utf-16"))
    faults: list[Fault] = []
    assert len(list(items_of(tmp_path / "notepad.txt", faults))) == 2

    photo = Path("tests/data/pictures/textbook.jpg")
    assert list(items_of(photo, faults))
    with Image.open(photo) as picture:
        picture.convert("RGB").save(tmp_path / "scan.pdf")
    assert list(items_of(tmp_path / "scan.pdf", faults))
    assert faults == []
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    assert list(items_of(tmp_path / "broken.png", faults)) == []
    assert [fault.file for fault in faults] == [str(tmp_path / "broken.png")]


def test_items_saved_by_windows_are_read_or_named(tmp_path: Path) -> None:
    line = '{"item":"x","text":"题目"}\r\n'
    faults: list[Fault] = []
    (tmp_path / "a.jsonl").write_bytes(line.encode("utf-8-sig"))
    assert [item.name for item in items_of(tmp_path / "a.jsonl", faults)] == ["x"]
    (tmp_path / "b.jsonl").write_bytes(line.encode("gb18030"))
    assert list(items_of(tmp_path / "b.jsonl", faults)) == []
    assert [fault.message for fault in faults] == ["no item: not UTF-8 text; save the file as UTF-8"]
