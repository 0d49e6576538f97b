import { dictionary } from "../../i18n";

export const words = dictionary(
  {
    title: "Hot topics",
    hint: "Posts that rules found, by subject and quarter of an hour, over the last 24 h. Subjects are counted, never people.",
    none: "No rule has found anything in a post in the last day.",
    hot: "breaking out",
    day: (n: number) => (n === 1 ? "1 post in 24 h" : `${n} posts in 24 h`),
    top: (n: number) => `at most ${n} in a quarter of an hour`,
    nowhere: "nowhere in particular",
    scale: "One scale for all",
    own: "A scale for each",
    describe: (name: string, n: number, top: number) => `${name}: ${n} posts in 24 hours, at most ${top} in a quarter of an hour`,
    toAlerts: "Alerts of the web",
    category: {
      sell: "Sale of answers", scam: "Fraud", proxy: "Proxy test-taking", device: "Devices", paper: "Paper or photo of it",
      help: "Call for help", rumour: "Rumour", signal: "Signal", leak: "Leak", campaign: "Campaign",
    } as Record<string, string>,
  },
  {
    title: "热点话题",
    hint: "近 24 小时内规则命中的帖子，按话题与每 15 分钟统计。只统计话题，不统计个人。",
    none: "近一天内没有规则命中帖子。",
    hot: "热度异常",
    day: (n: number) => `24 小时 ${n} 条`,
    top: (n: number) => `15 分钟最多 ${n} 条`,
    nowhere: "无特定地点",
    scale: "统一刻度",
    own: "各自刻度",
    describe: (name: string, n: number, top: number) => `${name}：24 小时 ${n} 条，15 分钟最多 ${top} 条`,
    toAlerts: "网络告警",
    category: {
      sell: "出售答案", scam: "诈骗", proxy: "替考", device: "作弊器材", paper: "试卷或照片",
      help: "场内求助", rumour: "谣言", signal: "信号", leak: "泄题", campaign: "集中传播",
    } as Record<string, string>,
  },
);
