"""Texts of pages, of papers and of what is taken for them, for measuring paper likeness.

Papers are set from public collections of questions (GAOKAO-Bench and GAOKAO-MM, Apache-2.0;
AGIEval, MIT). What is no paper: the same collections' worked solutions; textbook pages made of
their prose and examples; abstracts (CSLDCP), posts (SMP2020, COLD), reviews of meals; notices
written here. Each page belongs to one half, so that weights are set on one and measured on the
other.
"""

from __future__ import annotations

import csv
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

LINE_CHARS = 40
PAGE_LINES = (14, 40)
"""A photo shows a third of a page up to all of it."""
_QUESTION = re.compile(
    r"(?s)[A-D][．.、:)].*[A-D][．.、:)]|[(（]\s?\d{1,2}\s?分|（\d）|\(\d\)|[(（]\s+[)）]|__"
)
_SOLUTION = re.compile(r"答案|解析|分析|详解|解答|点评|故选|解[:：]|考查|[∴∵]")
_TEX = (
    (re.compile(r"\\(?:mathrm|mathbf|text|left|right|operatorname|mathbb|overline|vec|hat)\b"), ""),
    (re.compile(r"\\frac\{([^{}]*)\}\{([^{}]*)\}"), r"\1/\2"),
    (re.compile(r"\\sqrt\{([^{}]*)\}"), r"√\1"),
    (re.compile(r"\\leqslant|\\leq?"), "≤"),
    (re.compile(r"\\geqslant|\\geq?"), "≥"),
    (re.compile(r"\\[a-zA-Z]+"), " "),
    (re.compile(r"[${}\\~^_]"), ""),
)


@dataclass(frozen=True, slots=True)
class PageText:
    kind: str
    is_paper: bool
    text: str
    held_out: bool


def shows_question(text: str) -> bool:
    """Whether what can be seen is more than prose: options, marks, parts or blanks."""
    return _QUESTION.search(text) is not None


def plain(text: str) -> str:
    """Without TeX, as a page shows it."""
    for pattern, to in _TEX:
        text = pattern.sub(to, text)
    return re.sub(r"[ \t]+", " ", text.replace("\u3000", " "))


def broken(text: str, width: int = LINE_CHARS) -> list[str]:
    """Lines as wide as a column; Latin letters count half."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line, used = "", 0.0
        for char in paragraph.strip():
            line, used = line + char, used + (0.5 if char.isascii() else 1.0)
            if used >= width and not (char.isascii() and char.isalpha()):
                lines.append(line)
                line, used = "", 0.0
        if line:
            lines.append(line)
    return lines


def misread(text: str, share: float, rng: random.Random) -> str:
    """With `share` of its characters wrong or lost, as OCR of a poor photo has it."""
    out: list[str] = []
    for char in text:
        if char == "\n" or rng.random() >= share:
            out.append(char)
        elif rng.random() < 0.6:
            out.append(rng.choice(text))
    return "".join(out).replace("\n\n", "\n")


class Texts:
    """Reads the collections under `root`."""

    def __init__(self, root: Path, seed: int = 1) -> None:
        self._root = root
        self._rng = random.Random(seed)

    @cache  # noqa: B019 - one object a run
    def bench(self, pattern: str) -> list[dict[str, Any]]:
        found = sorted((self._root / "papers/gaokao_bench").glob(pattern))
        return [item for path in found for item in json.loads(path.read_text("utf-8"))]

    def agieval(self, name: str) -> list[str]:
        lines = (self._root / f"papers/agieval/{name}.jsonl").read_text("utf-8").splitlines()
        items = [json.loads(line) for line in lines]
        return [
            "\n".join(
                [item["passage"] or "", item["question"]]
                + [re.sub(r"^\(([A-E])\)", r"\1．", option) for option in item["options"] or []]
            ).strip()
            for item in items
        ]

    def pages(self) -> Iterator[PageText]:
        """Every kind, some sixty to a few hundred pages of each."""
        for kind, is_paper, make, n in self._kinds():
            for number in range(n):
                text = self._view(make())
                # A view without any question is the prose of a book, also to a person; one of
                # worked solutions that shows none yet is a page of questions.
                while (is_paper and not shows_question(text)) or (
                    kind.startswith("solutions") and not _SOLUTION.search(text)
                ):
                    text = self._view(make())
                share = self._rng.choice((0.0, 0.0, 0.01, 0.03, 0.06))
                yield PageText(kind, is_paper, misread(text, share, self._rng), number % 2 == 1)

    def fresh_pages(self) -> Iterator[PageText]:
        """Of collections that no weight or pattern of `monitor.paper` was set on."""
        rng = self._rng
        papers: dict[str, Callable[[], list[str]]] = {
            f"fresh paper: {name}": self._paper_of(self.agieval(f"gaokao-{name}"), number=True)
            for name in ("biology", "chemistry", "chinese", "history", "physics", "mathcloze")
        }
        items = [
            item["question"]
            for path in sorted((self._root / "papers/gaokao_mm").glob("*.json"))
            for item in json.loads(path.read_text("utf-8"))
        ]
        papers["fresh paper: gaokao_mm"] = self._paper_of(items)
        with (self._root / "posts/cold/dev.csv").open(encoding="utf-8-sig") as file:
            comments = [row["TEXT"] for row in csv.DictReader(file)]
        news = [
            one["content"]
            for one in json.loads((self._root / "posts/smp2020/virus_eval_labeled.json").read_text("utf-8"))
        ]
        lines = (self._root / "ads/uci_sms_en.tsv").read_text("utf-8", "replace").splitlines()
        messages = [line.rpartition("\t")[2] for line in lines]
        harmless = {"fresh comments": comments, "fresh news posts": news, "fresh messages": messages}
        for kind, make in papers.items():
            for _ in range(80):
                text = self._view(make())
                while not shows_question(text):
                    text = self._view(make())
                yield PageText(kind, True, text, True)
        for kind, texts in harmless.items():
            for _ in range(200):
                yield PageText(kind, False, self._view(_all(rng.sample(texts, 12))), True)

    def _view(self, lines: list[str]) -> str:
        low, high = PAGE_LINES
        n_lines = self._rng.randint(low, high)
        start = 0 if self._rng.random() < 0.6 else self._rng.randint(0, max(0, len(lines) - n_lines))
        return "\n".join(lines[start : start + n_lines])

    def _kinds(self) -> list[tuple[str, bool, Callable[[], list[str]], int]]:
        rng = self._rng
        subjects = {
            "choice": "*_MCQs.json",
            "open": "*Open-ended*.json",
            "blanks": "*Fill-in-the-Blank.json",
            "reading": "*Reading*.json",
            "cloze": "*Cloze*.json",
        }
        kinds: list[tuple[str, bool, Callable[[], list[str]], int]] = [
            (f"paper: {name}", True, self._paper_of([one["question"] for one in self.bench(pattern)]), 160)
            for name, pattern in subjects.items()
        ]
        kinds += [
            (f"paper: {name}", True, self._paper_of(self.agieval(name), number=True), 80)
            for name in ("gaokao-english", "gaokao-geography", "gaokao-mathqa", "logiqa-zh")
        ]
        solved = [one for one in self.bench("*.json") if len(one["analysis"]) > 60]
        kinds += [
            ("solutions: with question", False, lambda: self._solutions(solved, True), 300),
            ("solutions: alone", False, lambda: self._solutions(solved, False), 200),
            ("textbook", False, lambda: self._textbook(solved, self._abstracts()), 300),
            ("prose", False, self._prose, 200),
            ("abstracts", False, lambda: _all(rng.sample(self._abstracts(), 8)), 200),
            ("posts", False, self._posts, 300),
            ("meals", False, self._meals, 300),
            ("notices", False, self._notice, 300),
        ]
        return kinds

    def _paper_of(self, items: list[str], *, number: bool = False) -> Callable[[], list[str]]:
        rng = self._rng

        def page() -> list[str]:
            chosen = rng.sample(items, min(len(items), 14))
            first = rng.randint(1, 12)
            lines: list[str] = list(HEADINGS[rng.randrange(len(HEADINGS))]) if rng.random() < 0.35 else []
            for offset, item in enumerate(chosen):
                body = broken(plain(item), rng.choice((30, 40, 46)))
                if number and body:
                    body[0] = f"{first + offset}．{body[0]}"
                lines += body
            return lines

        return page

    def _solutions(self, items: list[dict[str, Any]], with_question: bool) -> list[str]:
        lines = [self._rng.choice(SOLUTION_TITLES)] if self._rng.random() < 0.5 else []
        for one in self._rng.sample(items, 8):
            question = f"{one['question'].strip()}\n" if with_question else ""
            answer = "".join(re.findall(r"[A-G]", str(one["answer"]))) or str(one["answer"])
            style = self._rng.choice(SOLUTION_STYLES)
            lines += broken(plain(question + style.format(answer=answer.strip(), analysis=one["analysis"])))
        return lines

    def _textbook(self, items: list[dict[str, Any]], prose: list[str]) -> list[str]:
        rng = self._rng
        n = rng.randint(1, 9)
        lines = [f"第{n}章 {rng.choice(CHAPTERS)}", f"{n}.{rng.randint(1, 4)} {rng.choice(CHAPTERS)}"]
        for number in range(1, 4):
            lines += broken(rng.choice(prose))
            one = rng.choice(items)
            question = re.sub(r"^\s*\d+[.．、]\s*([(（].{1,8}分[)）])?", "", plain(one["question"]))
            lines += broken(f"例{number} {question.strip()[:220]}\n解：{plain(one['analysis'])[:260]}")
            lines += [f"图{n}.{rng.randint(1, 9)}-{number}"] if rng.random() < 0.5 else []
            aside = rng.choice(("思考", "探究", "练习", "阅读与思考"))
            lines += [aside, *broken(rng.choice(prose)[:90] + "？")]
        return lines

    def _prose(self) -> list[str]:
        items = self.bench("*Modern_Lit.json") + self.bench("*Literary*.json")
        text = self._rng.choice(items)["question"]
        body = re.split(r"\n\s*[(（]?1[)）．.]|下列|[A-D][．.]", text)[0]
        return broken(plain("\n".join(body.split("\n")[2:])))

    @cache  # noqa: B019 - one object a run
    def _abstracts(self) -> list[str]:
        path = self._root / "posts/fewclue/csldcp__dev_few_all.json"
        return [json.loads(line)["content"] for line in path.read_text("utf-8").splitlines()]

    def _posts(self) -> list[str]:
        rng = self._rng
        posts = json.loads((self._root / "posts/smp2020/usual_eval_labeled.json").read_text("utf-8"))
        lines = [rng.choice(("高三（3）班家长群（52）", "微信", "群聊", "同学群（318）"))]
        for post in rng.sample(posts, 12):
            if rng.random() < 0.5:
                lines.append(f"{rng.randint(6, 23)}:{rng.randint(0, 59):02}")
            lines.append(rng.choice(("小雨", "阿明", "Lily", "班长", "一只猫", "王老师")))
            lines += broken(post["content"], 18)
        return lines

    def _meals(self) -> list[str]:
        rng = self._rng
        with (self._root / "posts/waimai_10k.csv").open(encoding="utf-8") as file:
            reviews = [row["review"] for row in csv.DictReader(file)]
        lines = [rng.choice(("菜单", "点餐", "订单详情", "今日推荐", "午餐套餐"))]
        for number, review in enumerate(rng.sample(reviews, 12), 1):
            dish = rng.choice(("宫保鸡丁", "红烧牛肉面", "番茄炒蛋", "米饭", "酸辣土豆丝", "可乐"))
            lines.append(f"{number}. {dish} ￥{rng.randint(2, 60)}" if rng.random() < 0.7 else dish)
            lines += broken(review, 20)
        return lines

    def _notice(self) -> list[str]:
        rng = self._rng
        words = {
            "exam": rng.choice(
                ("普通高考", "研究生考试", "公务员考试", "大学英语四级考试", "学业水平考试", "期中考试")
            ),
            "day": f"{rng.randint(1, 12)}月{rng.randint(1, 28)}日",
            "hour": f"{rng.randint(8, 15)}:{rng.choice(('00', '30'))}",
            "city": rng.choice(("市", "县", "区")),
        }
        parts = rng.sample(NOTICES, 4)
        return broken("\n".join(parts).format(**words))


def _all(texts: list[str]) -> list[str]:
    return [line for text in texts for line in broken(text)]


HEADINGS = (
    (
        "绝密★启用前",
        "2026年普通高等学校招生全国统一考试",
        "理科综合能力测试",
        "注意事项：",
        "1.答卷前，考生务必将自己的姓名、准考证号填写在答题卡上。",
    ),
    ("机密★启用前", "2026年全国硕士研究生招生考试", "数学（一）", "（科目代码：301）"),
    (
        "2026学年第二学期期末考试",
        "高二物理试题",
        "考试时间：90分钟 满分：100分",
        "姓名：________ 班级：________",
    ),
    ("2026年初中学业水平考试", "语文试卷", "（本试卷共8页，满分150分，考试用时120分钟）"),
    (
        "GRADUATE ADMISSION TEST",
        "Section 1: Reading",
        "Time allowed: 60 minutes",
        "Do not open this booklet until you are told to do so.",
    ),
)
SOLUTION_TITLES = (
    "2021年全国甲卷数学真题及答案解析",
    "2019年高考全国卷Ⅰ理综参考答案与详解",
    "（2018·全国卷Ⅱ）真题精析",
    "历年真题汇编 答案与解析",
    "2020年高考真题逐题讲解",
)
SOLUTION_STYLES = (
    "【答案】{answer}\n【解析】{analysis}",
    "答案：{answer}\n解析：{analysis}",
    "【分析】{analysis}\n故选{answer}．",
    "【解答】{analysis}\n【点评】本题考查基础知识，难度适中．",
    "参考答案 {answer}\n{analysis}",
)
CHAPTERS = (
    "函数与方程",
    "细胞的结构",
    "力与运动",
    "化学反应速率",
    "现代文选读",
    "气候与环境",
    "不等式",
    "古典文学",
)
NOTICES = (
    "关于做好2026年{exam}考务工作的通知\n各有关单位：\n为确保{exam}平稳有序，现将有关事项通知如下：",
    "一、考试时间：{day}{hour}开始，考生须提前30分钟进入考场。\n二、考试地点：详见准考证。",
    "三、请考生携带身份证、准考证、2B铅笔和0.5毫米黑色签字笔，手机等电子设备不得带入考场。",
    "各位家长：\n{exam}将于{day}举行，请合理安排孩子作息，注意饮食卫生，按时送考。",
    "四、考试期间实行交通管制，请广大市民绕行。特此通知。\n{city}教育考试院\n{day}",
    "咨询电话：12345678 传真：12345679\n附件：1.考点分布表 2.考务人员名单 3.违规处理办法",
    "{exam}报名时间为{day}至{day}，逾期不予补报。报名费每科35元，缴费后不退。",
    "考生须知：1.凭准考证、身份证入场。2.开考15分钟后不得入场。3.考试结束前30分钟方可交卷。",
    "招聘启事：本公司因业务发展需要，诚聘教师若干名，要求：1.本科以上学历；2.有教师资格证；3.有责任心。",
    "温馨提示：考场内请保持安静，对号入座；答题卡请勿折叠、弄破；听力考试期间不得离场。",
    "成绩将于{day}公布，可登录官网查询。对成绩有异议者可在{day}前申请复核。",
)
