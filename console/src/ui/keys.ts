/** Every key of the console, in one table. */
import { switchLanguage } from "../i18n";
import { filters, framed, helpOpen, narrow, select, showWaiting, step } from "../state/desk";
import { LEVELS, type Kind } from "../state/filters";
import { at } from "../state/page";
import { claim, judge, undo, VERDICT_KEYS, VERDICTS } from "../state/review";
import { switchSound } from "../state/sound";
import { switchTheme } from "../state/theme";

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

const KEYS: Record<string, () => void> = {
  j: () => step(1),
  ArrowDown: () => step(1),
  k: () => step(-1),
  ArrowUp: () => step(-1),
  n: () => {
    showWaiting();
    toTop();
  },
  g: toTop,
  Escape: () => select(null),
  "1": () => onlyLevel(0),
  "2": () => onlyLevel(1),
  "3": () => onlyLevel(2),
  "4": () => onlyLevel(3),
  c: () => void claim(),
  z: () => void undo(),
  ...Object.fromEntries(VERDICTS.map((verdict) => [VERDICT_KEYS[verdict], () => void judge(verdict)])),
  x: () => narrow({ review: filters.value.review === "open" ? null : "open" }),
  r: () => onlyKind("radio"),
  w: () => onlyKind("web"),
  m: () => document.querySelector<HTMLButtonElement>('[data-key="m"]')?.click(),
  f: () => {
    framed.value = !framed.value;
  },
  q: switchSound,
  l: switchLanguage,
  t: switchTheme,
  "?": () => {
    helpOpen.value = true;
  },
};

/** Arrows scroll what is being read; letters typed into a field are letters. */
function isElsewhere(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName)) return true;
  return key.startsWith("Arrow") && target.closest(".detail") !== null;
}

/** Keys that mean the same on every page. */
const EVERYWHERE = new Set(["q", "l", "t", "?"]);

export function onKey(event: KeyboardEvent): void {
  if (at.value.page !== "review" && !EVERYWHERE.has(event.key)) return;
  if (event.ctrlKey || event.metaKey || event.altKey || helpOpen.value) return;
  const act = KEYS[event.key];
  if (!act || isElsewhere(event.target, event.key)) return;
  event.preventDefault();
  act();
}
