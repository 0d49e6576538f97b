/** The language in use: the browser's at first, then what was chosen. */
import { computed, effect, signal, type ReadonlySignal } from "@preact/signals";
import { en, type Dictionary } from "./en";
import { zh } from "./zh";

export type Language = "zh" | "en";
export const DICTIONARIES: Record<Language, Dictionary> = { en, zh };
const KEPT = "examwatch.language";

export function choose(kept: string | null, wanted: readonly string[]): Language {
  if (kept === "zh" || kept === "en") return kept;
  const first = wanted.find((tag) => /^(zh|en)\b/i.test(tag));
  return first && /^zh\b/i.test(first) ? "zh" : "en";
}

export const language = signal<Language>(choose(localStorage.getItem(KEPT), navigator.languages));
export const t = computed<Dictionary>(() => DICTIONARIES[language.value]);

effect(() => {
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
});

/** A page's own words, in the language in use. */
export function dictionary<T>(inEnglish: T, inChinese: T): ReadonlySignal<T> {
  return computed(() => (language.value === "zh" ? inChinese : inEnglish));
}

export function switchLanguage(): void {
  language.value = language.value === "zh" ? "en" : "zh";
  localStorage.setItem(KEPT, language.value);
}

/** The prose that an alert carries in both languages; the other one is better than none. */
export function prose(annotations: Record<string, string>, name: string, lang: Language = language.value): string {
  const other = lang === "zh" ? "en" : "zh";
  return annotations[`${name}_${lang}`] || annotations[`${name}_${other}`] || annotations[name] || "";
}
