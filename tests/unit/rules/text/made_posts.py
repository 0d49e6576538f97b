"""Made posts, since real offers are rarely public: templates filled at random, no real names.

The wording was written apart from the lexicon, from the kinds of post that published cases
describe. ``offers`` must be found in the category named, ``harmless`` must stay quiet.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

EXAM = "高考 中考 考研 四级 六级 四六级 雅思 托福 一建 二建 国考 省考 教资 法考 初级会计 注会 执业药师 护考 自考 专升本 成人高考 期末考试 事业编 计算机二级 软考 驾考科目一".split()
SUBJECT = "数学 语文 英语 理综 文综 物理 化学 生物 历史 行测 申论 听力 作文".split()
CONTACT_ZH = [
    "加V：{h}",
    "微信{h}",
    "QQ{n}",
    "扣扣 {n}",
    "企鹅{n}",
    "tg @{h}",
    "私聊我",
    "+薇 {h}",
    "电话{p}",
    "vx:{h}",
    "加我{h}",
    "群号{n}",
]
PRICE_ZH = [
    "{y}元一科",
    "先付{y}定金",
    "{y}一套",
    "过了再给钱",
    "考完付款",
    "全套{y}块",
    "￥{y}",
    "不过全额退",
]
EXAM_EN = "SAT,IELTS,TOEFL,GRE,A-level maths,IB chemistry,AP Bio,GMAT,CCNA,CPA,NCLEX,AWS certification,bar exam,LSAT,NEET,WAEC".split(
    ","
)
CONTACT_EN = [
    "dm me",
    "telegram @{h}",
    "whatsapp {p}",
    "text me at {p}",
    "discord {h}",
    "email {h}@mail.com",
    "inbox open",
]

OFFERS: dict[str, list[str]] = {
    "sell": [
        "今年{e}的答案我这边有，准得很，需要的{c}",
        "{e}{s}卷子提前一天出，真实可靠，{c}，{r}",
        "刚从印刷厂朋友那弄到{e}{s}原卷，想要的{c}",
        "{e}考前2小时发答案，选择题全对，{r}，{c}",
        "有门路拿{e}真题和答案，{r}，诚心要的{c}",
        "{e}稳过资料，考的就是原题，{c}",
        "本人手上有{e}{s}试题，低价转，{r} {c}",
        "最后三个名额！{e}答案群，考前统一发放，{r}，{c}",
        "{e}{s}选择题答案，开考后20分钟传给你，{r}",
        "{e}题目已经拿到，带答案，{c}，骗人死全家",
        "要{e}{s}答案的进群，{c}，{r}",
        "出{e}{s}答案一份，{r}，{c}",
        "{e}命题老师给的题，命中九成以上，{r}，{c}",
        "内部流出{e}真题，仅此一家，{c}",
        "代发{e}{s}答案，考中短信传到手机，{r}，{c}",
        "{e}还没复习的看过来，原题答案打包，{r}，{c}",
        "需要{e}答案的滴滴，{r}",
        "{e}{s}卷，考前晚上八点准时发，{r}，{c}",
        "卖{e}题，保证和考场上一样，{r}，{c}",
        "各位考{e}的，答案已经出来了，{r}，要的{c}",
        "Got the real {x} paper for this week, ${y}, {d}",
        "{x} answers available the night before, {d}, proof given",
        "selling this year's {x} questions with key. pay after you see it matches. {d}",
        "who needs {x} answers? legit, 100% match last time, {d}",
        "We have a source inside, {x} questions and answers 12 hours early, ${y}, {d}",
        "{x} leak in hand, dont miss out, {d}",
        "actual {x} test for sale ${y} only serious buyers {d}",
        "answers for tomorrow's {x} - ${y}. {d}",
        "Join the channel for {x} papers before exam day, {d}",
        "{x} exam key, verified by last batch, payment after the exam, {d}",
    ],
    "proxy": [
        "{e}没时间考？我们派人替你去，{r}，{c}",
        "承接{e}代考，男女都有，{r}，{c}",
        "找个女生帮我去考{e}，报酬{y}，{c}",
        "诚招{e}枪手，一场{y}，要求名校在读，{c}",
        "{e}代考，证件照处理到位，人脸也能过，{r}，{c}",
        "有没有人能替我考{e}，价格好说",
        "替考{e}，985研究生本人上场，{r}，{c}",
        "求{e}代考，本人要上班去不了，{y}元，{c}",
        "我可以帮你考{e}，考过的单子上百个，{r}，{c}",
        "线上{e}代考，远程操作，{r}，{c}",
        "{e}替身上场，长得差不多就行，{r} {c}",
        "专接{e}枪，信誉第一，{r}，{c}",
        "谁能帮我上{e}考场，重金酬谢，{c}",
        "招替考人员，{e}，一科{y}，包吃住",
        "Need someone to take my {x} for me, paying ${y}, {d}",
        "I will sit your {x} for you, band guaranteed, {d}",
        "looking for a proxy for {x}, must look like me, ${y}",
        "We take your online {x} remotely, pay after pass, {d}",
        "Professional {x} taker, ID handled, {d}",
        "pay me ${y} and I'll take your {x}, {d}",
        "can anyone sit {x} on my behalf? good money, {d}",
        "hire an expert to take your {x} exam, no pass no fee, {d}",
    ],
    "device": [
        "米粒耳机，塞进去完全看不到，{e}专用，{r}，{c}",
        "{e}隐形耳机出租，{y}一天，{c}",
        "橡皮擦里带屏幕，能收短信，监考绝对看不出，{y}，{c}",
        "纽扣摄像头加耳机一套，考试用，{r}，{c}",
        "{e}作弊神器，信号屏蔽也能用，{c}",
        "出一副隐形耳机，考{e}用过一次，{y}",
        "最新款尺子接收器，过安检不响，{c}",
        "手表能看答案，长按切回时间，考试利器，{y}，{c}",
        "考试专用接收设备，防屏蔽，{r}，{c}",
        "骨传导接收器放牙齿里，{e}都能用，{c}",
        "眼镜带摄像头，实时传题出去，{y}，{c}",
        "无线耳麦肉色超小，考场没人发现，包教包会，{c}",
        "电子橡皮、答案笔、隐形耳机，批发价，{c}",
        "Invisible earpiece for {x}, nobody will see it, ${y}, {d}",
        "spy earpiece kit with induction loop, perfect for exams, {d}",
        "selling a smartwatch that stores answers, emergency button hides the screen, ${y}",
        "tiny earbud + button camera, pass any exam, ships discreetly, {d}",
        "exam cheating calculator with hidden notes, ${y}, {d}",
        "micro earpiece undetectable by proctors, {d}",
    ],
    "scam": [
        "{e}成绩不理想？内部系统可以改，{r}，{c}",
        "花{y}00就能上本科，内部指标，名额不多，{c}",
        "交{y}押金即可提前拿到{e}试卷，转账后立刻发，{c}",
        "{e}不用考试直接出证，官网能查，{c}",
        "招办有人，{e}差几十分也能录取，先交{y}0，{c}",
        "{e}提前查分，{y}元一次，{c}",
        "教育局内部渠道，{e}分数后台修改，{r}，{c}",
        "绝密押题，命题组专家亲自押，百分百中，{y}，{c}",
        "黑客团队，入侵系统改{e}成绩，先付定金，{c}",
        "{e}证书代办，免考，一个月下证，{c}",
        "{x} certificate without exam, registered and verifiable, {d}",
        "we can upgrade your {x} score in the database, ${y} upfront, {d}",
        "get your {x} results changed before release, contact our insider, {d}",
        "Send ${y} processing fee and receive the {x} paper instantly, {d}",
        "buy genuine {x} certificate no test needed {d}",
    ],
    "help": [
        "在考场厕所，{s}第{q}题选什么，急",
        "谁会这道{s}题，{y}块红包，还有二十分钟收卷",
        "救命，{s}最后一道大题怎么做，监考没看见我，快",
        "正在考{e}，{s}选择题求答案，出来发红包",
        "{e}{s}考试进行中，求大佬发一下{q}到{t}题",
        "快快快 {s}卷第{q}题答案 在线等 马上交卷了",
        "偷偷带了手机进来，谁帮我做下这几题，有偿",
        "坐标考场，{s}不会，谁有答案发我，{y}",
        "现在{e}{s}在考的，图里这题谁会，可以给钱",
        "还剩半个小时，{s}填空一个都不会，求助",
        "老师在外面，趁现在，{s}作文题目是这个，帮我写一段，{y}元",
        "谁能做这张{s}卷子，我出{y}，速度",
        "im in the exam right now pls someone answer question {q}, will paypal ${y}",
        "quick! {x} question {q}, a b c or d? 15 mins left",
        "hiding in the bathroom during my {x}, need answer to Q{q} asap",
        "sneaked my phone into {x}, who can solve this pic?? i pay ${y}",
        "anyone good at this? test ends in 20 minutes, photo attached, will pay",
        "pls help {x} rn, number {q}, proctor walked away",
    ],
    "rumour": [
        "听说{e}{s}题漏了，群里昨晚就有人发",
        "{e}又泄题了？考前有人晒出和卷子一模一样的题",
        "网传{e}{s}试卷提前流出，不知道真假",
        "我们这边都在传{e}{s}答案考前就有了",
        "{e}{s}泄题实锤，开考前半小时朋友圈就有图",
        "据说{e}要重考，因为{s}卷子被偷拍了",
        "内部人说{e}{s}被人卖了，好多人提前知道题",
        "这次{e}{s}原题在某机构考前班讲过，泄题无疑",
        "{x} got leaked last night, everyone on the discord had it",
        "heard the {x} paper was circulating hours before we sat it",
        "apparently {x} questions were on telegram before the exam, are they cancelling scores?",
        "so the {x} leaked again, people had the answers beforehand",
    ],
}

HARMLESS: list[str] = [
    "{e}加油！祝所有考生超常发挥",
    "明天就要{e}了，好紧张睡不着",
    "求{e}历年真题，有电子版的吗",
    "{e}{s}怎么复习效率高",
    "终于考完{e}了，{s}难到哭",
    "有没有一起备考{e}的小伙伴，互相监督",
    "{e}准考证打印入口在哪里",
    "刚对完答案，{s}错了七个，心态崩了",
    "{e}成绩什么时候出来",
    "推荐一本{e}{s}真题解析",
    "警方破获一起组织{e}作弊案，抓获嫌疑人{q}名",
    "教育部：严厉打击{e}替考、贩卖试题答案等行为",
    "考试院提醒：网上兜售{e}答案的都是诈骗，切勿上当",
    "所谓{e}考前答案都是骗局，大家不要信",
    "真的有人花钱买{e}答案吗，太傻了吧",
    "看到群里有人卖{e}答案，已经举报了",
    "为什么每年都有人相信{e}能提前拿到题",
    "我同学找人替考{e}被抓了，学位都没了",
    "{e}替考要判刑的，别犯傻",
    "{e}考场可以戴手表吗",
    "{e}能带耳机进去吗，听力用自己的耳机还是学校的",
    "收{e}二手教材，九成新，同城面交",
    "转让{e}网课，看了一半，{y}元，微信{h}",
    "{e}培训班招生，名师授课，电话{p}",
    "家教：清华在读，辅导{s}，{y}元/小时，加微信{h}",
    "这道{s}作业题谁会，课后第{q}题",
    "{s}第{q}题我选的C，你们呢，考完了讨论一下",
    "今年{e}作文题目你们怎么写的",
    "官方公布{e}参考答案了，快去估分",
    "{e}{s}答案解析出来了，老师讲得很清楚",
    "孩子今年{e}，家长需要准备什么",
    "{e}报名费多少钱，缴费到什么时候",
    "{e}过了！感谢自己的坚持",
    "第三次考{e}了，再不过就放弃",
    "{e}模拟卷{s}做了120分，正常吗",
    "做完2019年真题，感觉{e}越来越难",
    "考{e}的朋友们注意，明天别忘带身份证",
    "{e}期间学校周边禁止鸣笛",
    "无线电管理局{e}期间进行保障，发现异常信号及时处置",
    "今天监考{e}，一个考生睡着了",
    "电影《天才枪手》讲的就是考试作弊的故事",
    "阿森纳又输了，枪手球迷心碎",
    "这把游戏的狙击枪手太强了",
    "隐形耳机和普通蓝牙耳机哪个音质好，跑步用",
    "孩子把橡皮擦切成小块玩，笑死",
    "{e}之后想去旅游，有推荐吗",
    "求问{e}和{f}哪个好考",
    "我妈天天催我考{e}",
    "{e}泄题是谣言，官方已经辟谣",
    "有没有{e}的学习群可以加一下，一起打卡",
    "期待{e}出分，希望能上岸",
    "老师说{e}{s}重点在第{q}章",
    "如何看待{e}中的作弊行为",
    "高校发布通知：{e}期间严禁携带手机",
    "我做梦梦到{e}忘带笔了，吓醒",
    "这次{e}{s}选择题第{q}题有争议，你们觉得呢",
    "代课老师招聘，教{s}，工资面议",
    "{e}考完把书都卖了，10块钱一斤",
    "出闲置：{e}真题卷一套没写过，包邮{y}",
    "{e}倒计时{q}天，今天刷了三套题",
    "good luck to everyone taking the {x} tomorrow!",
    "any tips for studying {x}? i have two months",
    "where can i find {x} past papers with mark schemes",
    "just finished {x}, how did everyone find it?",
    "what did you get for question {q} on the {x}? i put C",
    "{x} scores come out next week, so nervous",
    "Police arrested three people for selling fake {x} answers",
    "beware of anyone selling {x} answers, it's a scam",
    "do people really buy leaked {x} papers? how dumb",
    "is it illegal to have someone take your {x}? asking because a classmate got caught",
    "which prep book is best for {x}",
    "tutoring for {x}, ${y}/hour, dm me",
    "selling my {x} prep books, like new, ${y}",
    "my {x} teacher gave us a practice test with answers",
    "can i wear a watch in the {x} exam hall",
    "got a 98 on my {x} practice exam!",
    "the college banned smart watches in exams",
    "official {x} answer explanations are on the website",
    "can someone explain question {q} from the 2018 {x}? I don't get the solution",
    "i failed {x} again, retaking in june",
    "The exam board denied rumours that the {x} paper was leaked",
    "need help with my homework, chapter {q} problems",
    "what earbuds do you recommend for the gym",
    "registering for {x}, which test centre is best",
    "{x} was brutal, the last section killed me",
]


def fill(template: str, chance: random.Random) -> str:
    """One post from a template: names, numbers and wording drawn by ``chance``."""
    handle = "".join(chance.choice("abcdefghkmnprstuwxyz") for _ in range(5)) + str(
        chance.randrange(10, 9999)
    )
    text = template
    for _ in range(2):
        for key, choices in (
            ("c", CONTACT_ZH),
            ("r", PRICE_ZH),
            ("d", CONTACT_EN),
            ("x", EXAM_EN),
            ("e", EXAM),
            ("f", EXAM),
            ("s", SUBJECT),
        ):
            while "{" + key + "}" in text:
                text = text.replace("{" + key + "}", chance.choice(choices), 1)
    for key, value in (
        ("h", handle),
        ("n", str(chance.randrange(10**8, 10**10))),
        ("p", "1" + chance.choice("3578") + str(chance.randrange(10**8, 10**9))),
        ("y", str(chance.choice((50, 100, 200, 300, 500, 800, 1500)))),
        ("q", str(chance.randrange(1, 21))),
        ("t", str(chance.randrange(21, 30))),
    ):
        text = text.replace("{" + key + "}", value)
    return text


def offers(n_each: int, seed: int) -> Iterator[tuple[str, str]]:
    """(category, post), every template of every category ``n_each`` times."""
    chance = random.Random(seed)
    for category, templates in OFFERS.items():
        for template in templates:
            for _ in range(n_each):
                yield category, fill(template, chance)


def harmless(n_each: int, seed: int) -> Iterator[str]:
    """Harmless talk about exams, every template ``n_each`` times."""
    chance = random.Random(seed)
    for template in HARMLESS:
        for _ in range(n_each):
            yield fill(template, chance)
