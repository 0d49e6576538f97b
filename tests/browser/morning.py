"""What was raised on the made-up morning before the console is opened, and what may come after."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import posts
from examday import ExamDay, fired
from photographed import FILE, LINES, photo

from monitor.alert.alert import Alert


def morning(day: ExamDay) -> list[Alert]:
    """Everything raised before the console is opened."""
    burst = ("Repeated data bursts inside the session", "考试期间反复出现的数据突发")
    alerts = [
        day.radio(
            "critical",
            169.5e6,
            day.ago(m),
            burst,
            snr_db=s,
            n_repeats=i,
            event={"n_sensors": 2},
            recorded=m == 9.0,
        )
        for i, (m, s) in enumerate([(33.1, 16.4), (27.0, 18.9), (21.1, 17.7), (15.0, 18.2), (9.0, 19.4)])
    ]
    alerts += [
        day.radio(
            "high",
            210.3e6,
            day.ago(6.5),
            ("Unknown voice in quiet broadcast spectrum", "空闲广播频段出现不明话音"),
            kind="nfm",
            snr_db=24.6,
            venue="市第一中学",
            ended=False,
            event={"sensor": "门卫室-2", "decoded_text": None},
        ),
        day.radio(
            "medium",
            491.2e6,
            day.ago(19),
            ("Unknown narrowband emission in a session", "考试期间出现不明窄带信号"),
            snr_db=9.8,
            event={"confidence": 0.61, "symbol_rate": None, "modulation": "unknown", "flags": ["edge"]},
        ),
        day.radio(
            "low",
            433.92e6,
            day.ago(24),
            ("Remote control repeated in the session", "考试期间反复的遥控信号"),
            snr_db=12.0,
            venue="市第一中学",
            experimental=True,
            event={
                "modulation": "ook",
                "decoded_by": ["rtl_433"],
                "decoded_text": "Generic-Remote House 1482 Cmd 12",
            },
        ),
        day.web(
            "critical",
            day.ago(4),
            ("Paper header posted while the session runs", "考试进行中出现试卷标题"),
            posts.PAPER,
            [
                (
                    ("text contains the header of a secret paper", "正文含试卷密级标题"),
                    ("绝密★启用前", "2026年普通高等学校招生全国统一考试", *LINES[:3]),
                ),
                (
                    ("text asks for a solver and offers money", "正文求解题并提出付钱"),
                    ("谁会做", "我可以出钱"),
                ),
            ],
            rule="paper-header-in-session",
            author="匿名用户_7731",
            claimed_earlier_min=0.6,
            event={"has_image": True, "paper_likeness": 0.97},
            photos=((photo(), FILE.read_bytes()),),
        ),
        day.web(
            "high",
            day.ago(12),
            ("Sale of answers", "出售考试答案"),
            posts.SALE,
            [
                (
                    ("text offers answers, in disguise too", "正文出售答案（含变形写法）"),
                    ("考中答案", "出 答​案", "准确率100%"),
                ),
                (("text names terms of payment", "正文提到付款方式"), ("先考试再付款", "不收分文")),
                (("text gives a contact", "正文留有联系方式"), ("V❤X：dgk-5521",)),
            ],
        ),
        day.web(
            "high",
            day.ago(16.5),
            ("Sale of answers", "出售考试答案"),
            posts.ENGLISH,
            [
                (("text offers an answer key", "正文出售答案"), ("answers, today", "full key")),
                (
                    ("text names terms of payment", "正文提到付款方式"),
                    ("Payment after the exam, no deposit", "100% accuracy"),
                ),
            ],
            source="StudentBoard · exams",
            author="keymaster",
        ),
        day.web(
            "medium",
            day.ago(30),
            ("Early empty post, filled in later", "占坑帖被补充内容"),
            posts.HELP_1,
            [(("text is a placeholder", "正文为占坑内容"), ("先占楼",))],
            rule="help-request",
            number=39_512,
            author="小鱼干",
            claimed_earlier_min=95,
        ),
        day.web(
            "medium",
            day.ago(11),
            ("Asks for a solver and offers money", "求解题并提出付钱"),
            posts.HELP_2,
            [
                (
                    ("text asks for a solver and offers money", "正文求解题并提出付钱"),
                    ("谁会做", "我可以出钱"),
                ),
                (("text was filled in after an early post", "早先占坑后补充"), ("先占楼",)),
            ],
            rule="help-request",
            number=39_512,
            version=2,
            author="小鱼干",
            claimed_earlier_min=114,
            event={"placeholder": True, "first_seen_at": day.ago(30).isoformat()},
        ),
        day.web(
            "low",
            day.ago(22),
            ("Rumour of a leak", "泄题传言"),
            posts.RUMOUR,
            [(("text speaks of a leak", "正文提到泄题"), ("数学泄题",))],
            rule="rumour-of-leak",
            author="路过的猫",
            claimed_earlier_min=None,
        ),
        day.web(
            "medium",
            day.ago(40),
            ("Sale of devices", "出售作弊器材"),
            posts.DEVICE,
            [
                (
                    ("text names cheating devices", "正文提到作弊器材"),
                    ("米粒耳机", "隐形耳机", "橡皮接收器", "反屏蔽"),
                )
            ],
            rule="device-sale",
            author="数码小王",
            drill=True,
        ),
    ]
    return alerts + earlier(day)


def earlier(day: ExamDay) -> list[Alert]:
    """What fills the list below: older and milder."""
    titles = [
        ("Unknown narrowband emission in a session", "考试期间出现不明窄带信号"),
        ("Emission absent from the survey", "勘测模板中没有的信号"),
    ]
    found = [
        day.radio(
            "low" if i % 3 else "medium",
            440e6 + 12.5e3 * (37 * i % 900),
            day.ago(42 + 2.7 * i),
            titles[i % 2],
            snr_db=round(7 + (i * 1.7) % 9, 1),
            venue=("实验中学", "市第一中学", "第三高级中学")[i % 3],
            event={"phase": "in" if i < 2 else "before"},
        )
        for i in range(4)
    ]
    base = found[0]
    # The picture is dear to draw; these share one.
    for i in range(40):
        at = day.ago(55 + 2.1 * i)
        mhz = f"{440 + 0.0125 * (53 * i % 900):.4f}"
        snr_db = round(7 + (i * 1.3) % 9, 1)
        found.append(
            replace(
                base,
                id=f"earlier-{i}",
                cause=f"earlier-{i}",
                level="low",
                labels={"venue": base.venue or "", "channel": f"{mhz} MHz"},
                rules=[fired("narrowband-in-session", "low", titles[1], at, f"earlier-{i}")],
                annotations=base.annotations
                | {
                    "title_en": titles[1][0],
                    "title_zh": titles[1][1],
                    "summary_en": f"{mhz} MHz, 2-FSK data, SNR {snr_db} dB",
                    "summary_zh": f"{mhz} MHz，2FSK 数据，信噪比 {snr_db} dB",
                },
                starts_at=at,
                updated_at=at,
                ends_at=at + timedelta(minutes=1),
                event=base.event | {"center_hz": float(mhz) * 1e6, "snr_db": snr_db, "at": at.isoformat()},
            )
        )
    return found


def newcomer(day: ExamDay, number: int, level: str = "critical") -> Alert:
    """One more, as it would come while somebody watches."""
    text = f"第{number}号新帖 𠮷\n刚拍到的卷子，绝密★启用前，要的私信，手慢无。"
    return day.web(
        level,
        datetime.now(UTC),
        (f"Newcomer {number}", f"新告警 {number}"),
        text,
        [(("text contains the header of a secret paper", "正文含试卷密级标题"), ("绝密★启用前",))],
        number=90_000 + number,
    )
