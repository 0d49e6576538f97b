"""The fields of an event: every name that a rule may test, with its type and unit.

The conductor flattens what the instruments deliver into exactly these names (a test
holds both sides together), so a wrong name in a rule is found when the rule is loaded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

FieldType = Literal["number", "text", "word", "words", "flag", "instant"]
"""``text`` is running prose, searched in canonical form; ``word`` one exact value, ``words`` a set."""


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: FieldType
    en: str
    zh: str
    unit: str = ""
    values: tuple[str, ...] = ()
    """The closed vocabulary of a word, where it has one: any other value is a mistake in a rule."""
    low: float = -math.inf
    high: float = math.inf
    """What a number can be at all: a limit outside can never be crossed, or always is."""


def _table(*rows: Field) -> dict[str, Field]:
    return {row.name: row for row in rows}


PHASES = ("before", "in", "after", "none")
MODULATIONS = ("carrier", "am", "nfm", "wfm", "ook", "fsk2", "fsk4", "wideband", "unknown")
FLAGS = ("overload", "image", "mirror", "dc", "intermod", "edge", "gap")

COMMON: Mapping[str, Field] = _table(
    Field("kind", "word", "kind of event", "事件类别", values=("radio", "web")),
    Field("at", "instant", "when it happened, by our clock", "发生时间（本系统时钟）"),
    Field(
        "phase",
        "word",
        "phase of the session",
        "考试阶段",
        values=PHASES,
    ),
    Field("exam", "word", "the exam whose session is nearest", "相关考试"),
    Field("session", "word", "the session within that exam", "场次"),
    Field("venue", "word", "the venue of the sensor", "考点"),
    Field(
        "minutes_from_start",
        "number",
        "minutes since the session began; negative before",
        "距开考分钟数",
        "min",
    ),
    Field("drill", "flag", "made by a drill", "演练信号"),
)

RADIO: Mapping[str, Field] = _table(
    Field("sensor", "word", "the sensor that heard it", "传感器"),
    Field("center_hz", "number", "centre frequency", "中心频率", "Hz", low=0),
    Field("bandwidth_hz", "number", "occupied bandwidth", "占用带宽", "Hz", low=0),
    Field("snr_db", "number", "signal to noise in its own bandwidth", "信噪比", "dB"),
    Field("peak_dbfs", "number", "peak level below full scale", "峰值电平", "dBFS"),
    Field("duration_s", "number", "from first to last sample heard", "持续时间", "s", low=0),
    Field("on_time_s", "number", "time on the air", "发射时间", "s", low=0),
    Field("duty_cycle", "number", "time on the air over the whole time", "占空比", low=0, high=1),
    Field("bursts", "number", "bursts within the emission", "突发次数", low=0),
    Field("burst_period_s", "number", "time between starts of bursts", "突发周期", "s", low=0),
    Field(
        "n_repeats",
        "number",
        "earlier emissions on this channel in this session",
        "本场次同频道先前出现次数",
        low=0,
    ),
    Field(
        "modulation",
        "word",
        "modulation",
        "调制方式",
        values=MODULATIONS,
    ),
    Field("confidence", "number", "confidence in the modulation, 0 to 1", "调制识别置信度", low=0, high=1),
    Field("symbol_rate", "number", "symbols per second of data", "符号速率", "Bd", low=0),
    Field("content", "word", "content", "信号内容", values=("voice", "tones", "data")),
    Field("flags", "words", "reasons to doubt the signal", "疑似虚假信号标志", values=FLAGS),
    Field("new", "flag", "absent from the site's survey", "勘测模板中没有"),
    Field(
        "changes",
        "words",
        "how a known signal differs from the survey",
        "与勘测模板相比的变化",
        values=("stronger", "wider", "unusual-hour", "unnamed"),
    ),
    Field("known_as", "word", "its name in the survey or the licence list", "勘测模板或台站库中的名称"),
    Field("service", "word", "service that owns the band", "频段业务"),
    Field("band_weight", "number", "how suspicious the band is, 0 to 1", "频段可疑权重", low=0, high=1),
    Field("decoded_by", "words", "decoders that understood it", "解码器"),
    Field("decoded_text", "text", "what they read", "解码内容"),
    Field("known_device", "flag", "decoded as a harmless device", "已知无害设备"),
    Field("n_sensors", "number", "sensors that heard it", "听到的传感器数", low=0),
)

WEB: Mapping[str, Field] = _table(
    Field("source", "word", "the source it came from", "来源"),
    Field("url", "word", "its address", "网址"),
    Field("author", "word", "its author", "作者"),
    Field("title", "text", "its title", "标题"),
    Field("text", "text", "text, title included", "正文（含标题）"),
    Field("version", "number", "1 for a new post, more after edits", "版本", low=1),
    Field("edited", "flag", "the text has changed since we first saw it", "发布后被编辑"),
    Field("placeholder", "flag", "an early empty post filled in later", "占坑帖"),
    Field("age_minutes", "number", "since we first saw it", "首次发现至今分钟数", "min", low=0),
    Field("has_image", "flag", "carries a picture", "含图片"),
    Field("has_qr", "flag", "carries a QR code", "含二维码"),
    Field(
        "paper_likeness",
        "number",
        "how much a picture looks like an exam paper, 0 to 1",
        "试卷相似度",
        low=0,
        high=1,
    ),
    Field(
        "bank_containment",
        "number",
        "share of a secret item found in the text, 0 to 1",
        "涉密题匹配比例",
        low=0,
        high=1,
    ),
    Field(
        "bank_longest_run", "number", "longest run of a secret item, in characters", "最长连续匹配字数", low=0
    ),
    Field("n_reposts", "number", "near copies seen before", "转发数", low=0),
)

CORRELATION: Mapping[str, Field] = _table(
    Field("rule", "words", "rules that fired on it", "命中的规则"),
)

FIELDS: Mapping[str, Mapping[str, Field]] = {
    "radio": {**COMMON, **RADIO},
    "web": {**COMMON, **WEB},
    "correlation": {**COMMON, **RADIO, **WEB, **CORRELATION},
}
"""Field tables by the ``kind`` of a rule."""

ALL_FIELDS: Mapping[str, Field] = FIELDS["correlation"]
"""By name alone: no two kinds give one name two meanings."""
