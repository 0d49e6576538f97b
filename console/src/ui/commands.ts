/** Every key of the console, in one table: the keyboard, the help and the palette read it. */
import { switchLanguage, type Language } from "../i18n";
import { filters, framed, helpOpen, narrow, selected, showWaiting, step } from "../state/desk";
import { LEVELS, type Kind } from "../state/filters";
import { markAll, markOn, toggleMark } from "../state/marks";
import { asking, claim, judge, reviewer, seen, stepBack, undo, VERDICT_KEYS, VERDICTS, type Verdict } from "../state/review";
import { switchSound } from "../state/sound";
import { switchTheme } from "../state/theme";
import { openPalette } from "./palette";

export interface Command {
  readonly keys: readonly string[];
  readonly name: Record<Language, string>;
  /** Only on this page; without one it means the same on every page. */
  readonly page?: "review" | "cases";
  /** Only for whoever may take steps. */
  readonly judges?: boolean;
  readonly run: () => void;
}

function onlyKind(kind: Kind): void {
  const { kinds } = filters.value;
  narrow({ kinds: kinds.length === 1 && kinds[0] === kind ? [] : [kind] });
}

function onlyLevel(index: number): void {
  const level = LEVELS[index];
  if (!level) return;
  const { levels } = filters.value;
  narrow({ levels: levels.length === 1 && levels[0] === level ? [] : [level] });
}

function toTop(): void {
  document.querySelector(".rows")?.scrollTo({ top: 0 });
}

const press = (key: string) => document.querySelector<HTMLButtonElement>(`[data-key="${key}"]`)?.click();

/** Cards are links: the focus goes from one to the next, and Enter opens it. */
function toCard(by: number): void {
  const cards = [...document.querySelectorAll<HTMLElement>("[data-card]")];
  const from = cards.findIndex((card) => card === document.activeElement);
  cards[from < 0 ? 0 : Math.max(0, Math.min(from + by, cards.length - 1))]?.focus();
}

function playOrStop(): void {
  const sound = document.querySelector<HTMLAudioElement>("[data-play]");
  if (!sound) {
    press("i");
    return;
  }
  if (sound.paused) void sound.play().catch(() => undefined); // the player itself says that it cannot
  else sound.pause();
}

function ask(what: "note" | "pass"): void {
  if (reviewer() && selected.value) asking.value = what;
}

const VERDICT_NAMES: Record<Verdict, Record<Language, string>> = {
  benign: { en: "benign; then the next", zh: "正常，并转到下一条" },
  rumour: { en: "rumour; then the next", zh: "谣言，并转到下一条" },
  scam: { en: "scam; then the next", zh: "诈骗，并转到下一条" },
  suspected: { en: "suspected; then the next", zh: "疑似，并转到下一条" },
  confirmed: { en: "confirmed (two persons); then the next", zh: "确认（双人），并转到下一条" },
};

const review = (keys: string[], en: string, zh: string, run: () => void, judges = false): Command => ({
  keys,
  name: { en, zh },
  page: "review",
  judges,
  run,
});
const onCases = (keys: string[], en: string, zh: string, run: () => void): Command => ({
  keys,
  name: { en, zh },
  page: "cases",
  run,
});
const anywhere = (keys: string[], en: string, zh: string, run: () => void): Command => ({
  keys,
  name: { en, zh },
  run,
});

export const COMMANDS: readonly Command[] = [
  review(["j", "ArrowDown"], "next alert", "下一条告警", () => step(1)),
  review(["k", "ArrowUp"], "previous alert", "上一条告警", () => step(-1)),
  review(["n"], "let new alerts in", "显示新告警", () => {
    showWaiting();
    toTop();
  }),
  review(["g"], "to the top of the list", "回到列表顶部", toTop),
  review(["Escape"], "clear marks; back to the overview", "清除标记；返回总览", stepBack),
  review(["c"], "claim", "认领", () => void claim(), true),
  ...VERDICTS.map((verdict) =>
    review(
      [VERDICT_KEYS[verdict]],
      VERDICT_NAMES[verdict].en,
      VERDICT_NAMES[verdict].zh,
      () => void judge(verdict),
      true,
    ),
  ),
  review(["e"], "note, with a verdict or without", "备注，可同时给出结论", () => ask("note"), true),
  review(["p"], "pass on: transfer or tell a department", "转交：移交或通报单位", () => ask("pass"), true),
  review(["a"], "seen: acknowledge", "已阅：签收告警", () => void seen(), true),
  review(["z"], "take back the last step", "撤销上一步", () => void undo(), true),
  review(["v"], "mark for one verdict (again: off)", "标记，用于批量研判（再按取消）", () => toggleMark(selected.value), true),
  review(["J"], "mark and on to the next", "标记并下移", () => markOn(1), true),
  review(["K"], "mark and back to the previous", "标记并上移", () => markOn(-1), true),
  review(["V"], "mark all in the list (again: off)", "标记列表中全部（再按取消）", markAll, true),
  ...LEVELS.map((_, i) =>
    review(
      [String(i + 1)],
      `only level ${["I", "II", "III", "IV"][i]} (again: off)`,
      `只看 ${["I", "II", "III", "IV"][i]} 级（再按取消）`,
      () => onlyLevel(i),
    ),
  ),
  review(["x"], "only what is to be judged (again: off)", "只看待研判（再按取消）", () =>
    narrow({ review: filters.value.review === "open" ? null : "open" }),
  ),
  review(["r"], "only radio (again: off)", "只看无线电（再按取消）", () => onlyKind("radio")),
  review(["w"], "only web (again: off)", "只看网络（再按取消）", () => onlyKind("web")),
  review(["m"], "next mark in a text", "正文中的下一处匹配", () => press("m")),
  review(["d"], "versions of a post side by side", "并排比较帖子的版本", () => press("d")),
  review(["i"], "play or stop the recording; show the photo", "播放或停止录音；显示照片", playOrStop),
  review(["f"], "frame in the spectrogram", "时频图标框", () => {
    framed.value = !framed.value;
  }),
  onCases(["j"], "next card", "下一张卡片", () => toCard(1)),
  onCases(["k"], "previous card", "上一张卡片", () => toCard(-1)),
  onCases(["z"], "take back my last step with the case", "撤销我对案件的上一步", () => press("z")),
  onCases(["Escape"], "out of a field; back to the board", "离开输入框；返回看板", () => press("Escape")),
  anywhere(["Ctrl+K", ":"], "find: a step, a page, an alert or case", "查找：步骤、页面、告警或案件", () => openPalette()),
  anywhere(["q"], "sound for grave alerts: silence, turn on", "重大告警声音：静音、开启", switchSound),
  anywhere(["l"], "switch language", "切换语言", switchLanguage),
  anywhere(["t"], "dark, light", "深色、浅色", switchTheme),
  anywhere(["?"], "this list of keys", "本列表", () => {
    helpOpen.value = true;
  }),
];

/** As a key is printed on the keyboard. */
export function keyName(key: string): string {
  if (key === "ArrowDown") return "↓";
  if (key === "ArrowUp") return "↑";
  if (key === "Escape") return "Esc";
  return /^[A-Z]$/.test(key) ? `Shift+${key.toLowerCase()}` : key;
}
