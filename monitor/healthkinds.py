"""What health alerts say of each kind of part, how grave it is, and how long it may last untold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from crawlers.state import SIGNS
from monitor.alert.alert import Level

SILENT_AFTER = timedelta(seconds=90)
"""A dongle that is plugged in again streams within 10 s and a restart of its host takes a minute: what
lasts longer needs a person."""


@dataclass(frozen=True, slots=True)
class Kind:
    """All texts in English and Chinese; ``{id}`` in a title is the part's."""

    level: Level
    title: tuple[str, str]
    advice: tuple[str, str]
    problems: Mapping[str, tuple[str, str]]
    patience: timedelta = timedelta(0)


KINDS: Final[Mapping[str, Kind]] = {
    "sensor": Kind(
        "high",
        ("Sensor {id} gives no data", "传感器 {id} 无数据"),
        (
            "Check power, cable and USB at the sensor; while it is silent its place is not watched.",
            "检查传感器供电、线缆与 USB；无数据期间该处没有监测。",
        ),
        {"silent": ("no samples for 90 s", "90 秒没有收到采样")},
        SILENT_AFTER,
    ),
    "source": Kind(
        "medium",
        ("Source {id} cannot be watched", "来源 {id} 无法监测"),
        (
            "Open the page in a browser; renew the cookie or the selectors; until then posts are missed.",
            "用浏览器打开该页面核实，更新 Cookie 或选择器；恢复之前该来源的帖子会漏掉。",
        ),
        SIGNS,
    ),
    "leases": Kind(
        "high",
        ("Crawler {id} cannot reach what the crawlers share", "采集节点 {id} 无法连接共享数据库"),
        (
            "Look after PostgreSQL and the way to it; a worker without leases polls nothing, and others take "
            "its sources over where they reach it.",
            "检查 PostgreSQL 及到它的网络；失去租约的节点停止采集，其他可连接的节点会接管其来源。",
        ),
        {"cut-off": ("leases cannot be renewed", "租约无法续期")},
    ),
    "receiver": Kind(
        "medium",
        ("The receiver of sensor {id} is not as it was surveyed", "传感器 {id} 的接收机与勘测时不一致"),
        (
            "Compare gain, ppm, antenna and cable with the survey; until then new, stronger and wider are "
            "judged wrongly. Survey again if the change is meant.",
            "核对增益、ppm、天线与馈线是否与勘测时一致；在此之前“新增、变强、变宽”的判断不可靠。若为有意更改请重新勘测。",
        ),
        {},
        timedelta(minutes=5),
    ),
    "disk": Kind(
        "high",
        ("The disk of {id} is nearly full", "{id} 所在磁盘空间不足"),
        (
            "Make room, or lower evidence.max_gb and history.max_gb; on a full disk alerts wait in the queue "
            "and evidence is lost.",
            "清理磁盘，或调小 evidence.max_gb 与 history.max_gb；磁盘写满后告警会滞留在队列，证据无法保存。",
        ),
        {"low": ("little room is left", "剩余空间不足")},
    ),
    "audit": Kind(
        "high",
        ("Heads of the audit chain cannot be kept at {id}", "审计链首无法写入 {id}"),
        (
            "Look whether the disk or host is there and may be written; until then a cut tail of the record "
            "cannot be proven.",
            "检查该磁盘或主机是否在线、可写；恢复之前无法证明记录尾部未被截断。",
        ),
        {"not-kept": ("the last head was not written", "最近的链首未能写入")},
        timedelta(minutes=1),
    ),
    "times": Kind(
        "medium",
        ("Alerts carry times that cannot be right", "有告警的时间明显不对"),
        (
            "Find the edge whose clock is wrong and set up NTP there (`examwatch alerts list` shows the "
            "times); nothing is lost, but these events stay in a table of their own until retention lets "
            "them go.",
            "找出时钟错误的节点并配置 NTP（`examwatch alerts list` 可看时间）；数据没有丢失，"
            "这些事件单独存放，直到留存期满。",
        ),
        {"stray": ("events in no month", "不属于任何月份的事件数")},
        timedelta(minutes=1),
    ),
    "cases": Kind(
        "high",
        ("Cases with {id} are late", "{id} 有案件超时"),
        (
            "Claim and judge them, the oldest first, or pass them on; `cases list --late` names them.",
            "请尽快认领、研判或移交，先旧后新；可用 `cases list --late` 查看。",
        ),
        {"late": ("the next step is overdue", "下一步已超时")},
    ),
    "identity": Kind(
        "critical",
        ("Two machines say that they are node {id}", "疑似克隆：有两台机器自称节点 {id}"),
        (
            "Find out which of them is yours; `examwatch sensor revoke` the node, then let the right one in.",
            "核实哪一台是真机，执行 `examwatch sensor revoke` 吊销该节点，再重新邀请真机入网。",
        ),
        {"cloned": ("its certificate is in use twice at once", "同一证书正被两处同时使用")},
    ),
    "certificate": Kind(
        "high",
        ("The certificate of node {id} is not renewed", "节点 {id} 的证书未能续期"),
        (
            "Nodes renew by themselves: see that `fleet follow` runs there and reaches the hub, and that the "
            "node is not noticed as cloned. When the certificate has ended, invite the node again.",
            "节点会自动续期：请检查该节点上 `fleet follow` 是否在运行、能否连到中心，以及是否被判为疑似克隆。"
            "证书到期后须重新邀请入网。",
        ),
        {
            "ending": ("it ends soon, and was not renewed", "即将到期且尚未续期"),
            "ended": ("it has ended: the node is shut out", "已到期，节点无法接入"),
        },
    ),
    "messages": Kind(
        "high",
        ("{id} takes no messages", "{id} 收不到通知"),
        (
            "Try the address by hand and renew it or its secret; tell people by telephone meanwhile.",
            "手动测试该地址，更新地址或密钥；恢复前请电话通知。",
        ),
        {"not-taken": ("its last messages were not taken", "最近的通知未被接收")},
        timedelta(minutes=1),
    ),
    "duty": Kind(
        "high",
        ("Nobody of {id} is on duty", "{id} 无人值班"),
        (
            "Put somebody on the roster, or hand the duty over to somebody; until then escalations to this "
            "department go to its fallback, or to the next.",
            "请补排值班表或交班给在岗人员；在此之前发往该部门的升级通知将走备用渠道或直接升到下一级。",
        ),
        {"unmanned": ("the roster names nobody for this time", "值班表在此时段没有安排人员")},
        timedelta(minutes=2),
    ),
    "escalation": Kind(
        "critical",
        ("Escalation does not work as planned", "告警升级未按计划执行"),
        (
            "Tell people of these alerts by telephone now; then look at the receivers' errors and the log.",
            "请立即电话通知相关人员，然后检查通知渠道错误与日志。",
        ),
        {
            "missed": ("a step that was due did not reach anybody", "到期的升级步骤没有送达任何人"),
            "exhausted": ("nobody has seen an alert at the end of its plan", "升级到最后一级仍无人确认"),
        },
    ),
    "queue": Kind(
        "high",
        ("Alerts pile up in the queue", "告警在队列中积压"),
        (
            "Look whether the store works and its disk has room; alerts are kept, but nobody sees them yet.",
            "检查数据库与磁盘是否正常；告警不会丢失，但暂时无人能看到。",
        ),
        {"growing": ("more wait than are stored", "入队快于入库")},
        timedelta(seconds=30),
    ),
    "clock": Kind(
        "high",
        ("The clock of this machine jumped", "本机时钟发生跳变"),
        (
            "Check its time service (chrony, NTP); times of alerts around the jump are off by as much.",
            "检查授时服务（chrony、NTP）；跳变前后告警的时间会有同样大的偏差。",
        ),
        {"stepped": ("wall clock and running time disagree", "墙上时钟与运行时间不一致")},
    ),
    "chain": Kind(
        "critical",
        ("Test signals of {id} do not come out", "测试信号 {id} 未能走通全链路"),
        (
            "Something between antenna and screen does not work, though its parts say they do: look at "
            "sensors, rules in force, queue and store, then play `examwatch drill` by hand.",
            "从接收到显示的链路有环节失效，而各部件自报正常：请检查传感器、现行规则、"
            "队列与数据库，再手动运行 `examwatch drill`。",
        ),
        {"broken": ("steps without their alert", "以下步骤没有产生告警")},
    ),
    "node": Kind(
        "high",
        ("Edge {id} is not heard", "边缘节点 {id} 失联"),
        (
            "Check its power and uplink; it goes on watching and keeps its alerts, but nobody sees them "
            "until it is back.",
            "检查其供电与上行网络；节点仍在监测并保存告警，但恢复之前中心看不到。",
        ),
        {"silent": ("no report for 90 s", "90 秒没有收到状态报告")},
    ),
    "venue": Kind(
        "high",
        ("Several sensors of venue {id} are silent", "考点 {id} 多个传感器同时无数据"),
        (
            "Look for what they have in common: the venue's power, network or uplink.",
            "优先检查它们的共同原因：考点的供电、网络或上行链路。",
        ),
        {"silent": ("several at once", "多个同时中断")},
    ),
    "offset": Kind(
        "medium",
        ("The clock of edge {id} is wrong", "边缘节点 {id} 时钟不准"),
        (
            "Set up NTP there. Times of its alerts are corrected here, but its rules judge by its own clock "
            "whether a session is on.",
            "请在该节点配置 NTP。其告警时间在中心已校正，但节点规则仍按自身时钟判断是否处于考试时段。",
        ),
        {"off": ("it differs from the hub's", "与中心时钟不一致")},
        timedelta(minutes=1),
    ),
    "outbox": Kind(
        "high",
        ("The outbox of edge {id} is filling up", "边缘节点 {id} 的待发队列将满"),
        (
            "See why it does not drain: uplink, broker, hub. When it is full the least grave alerts are "
            "dropped; link.outbox_gb makes it larger.",
            "检查为何未能送出：上行网络、消息服务或中心。写满后会先丢弃等级最低的告警；"
            "可调大 link.outbox_gb。",
        ),
        {
            "nearing": ("four fifths are used", "已用五分之四"),
            "dropped": ("alerts were dropped for want of room", "因空间不足已丢弃告警"),
            "refused": ("the hub cannot read some of its alerts", "中心无法解析其部分告警"),
        },
    ),
    "link": Kind(
        "high",
        ("The hub cannot take what the edges send ({id})", "中心无法接收边缘节点数据（{id}）"),
        (
            "Check the NATS server and the database; the edges keep everything until it works again.",
            "检查 NATS 服务与数据库；恢复之前各节点会保存全部数据。",
        ),
        {"down": ("the link does not work", "链路中断")},
        timedelta(seconds=30),
    ),
}
