/** The palette: whether it is open, and what fits what is typed. Pure but for the signal. */
import { signal } from "@preact/signals";

export const paletteOpen = signal(false);

export function openPalette(): void {
  paletteOpen.value = true;
}

/** Each word that was typed stands in one of the texts, in whatever language. */
export function fits(typed: string, texts: readonly string[]): boolean {
  const whole = texts.join("\n").toLowerCase();
  return typed.toLowerCase().split(/\s+/).every((word) => whole.includes(word));
}

/** The address of what is called so, where it is the name of an alert or a case. */
export function addressOf(typed: string): string | null {
  const name = typed.trim();
  if (/^[0-9a-f]{16}$/i.test(name)) return `/alerts/${name.toLowerCase()}`;
  if (/^C\d{4}-[0-9A-F]{6,32}$/i.test(name)) return `/cases/${name.toUpperCase()}`;
  return null;
}
