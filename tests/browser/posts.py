"""Invented posts: what the web alerts of the exam day quote."""

from photographed import LINES

PAPER = (
    "刚拍的，求大神！！@𠮷祥如意\n绝密★启用前\n2026年普通高等学校招生全国统一考试 数学\n"
    "一、选择题：本题共8小题，每小题5分，共40分。\n"
    "1. 已知集合A={x|-5<x³<5}，B={-3,-1,0,2,3}，则A∩B=\n"
    "谁会做最后一道大题，在线等，我可以出钱，+薇 kk-20260607\n" + "\n".join(LINES)
)
SALE = (
    "2026高考 考中答案 全科\n考 前 一 小 时 出 答​案，准确率100%，先考试再付款，"
    "不收分文定金。\n"
    "数学、英语、理综都有，内部渠道，三人成团优惠。\n咨询加 V❤X：dgk-5521，非诚勿扰。群里已有两百多人，"
    "去年全对，可看聊天记录。今晚八点前报名送英语听力。"
)
ENGLISH = (
    "Maths paper 2 answers, today\nI have the full key for this morning's maths paper. "
    "Payment after the exam, no deposit. 100% accuracy, inside source. "
    "DM me on Telegram @exam_keys_2026 before 10:30, only 5 slots left"
)
HELP_1 = "占个坑\n先占楼，晚点更新。"
HELP_2 = (
    "数学第19题求解\n先占楼，晚点更新。\n"
    "更新：考场里出来的照片，第19题第二问谁会做？我可以出钱，急！10分钟内有效。"
)
RUMOUR = "听说今年数学泄题了？\n朋友圈都在传数学泄题，有没有人知道真假？我看到的截图时间对不上，感觉是P的。"
DEVICE = "出售米粒耳机一套\n隐形耳机+橡皮接收器，反屏蔽，考试专用，设备押金可退，本地可当面试机。"
