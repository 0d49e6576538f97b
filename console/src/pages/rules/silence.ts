/** A silence as it is typed. Pure. */

/** One matcher a line; empty lines are none. */
export function matchersOf(text: string): string[] {
  return text.split("\n").map((line) => line.trim()).filter(Boolean);
}

/** What an `<input type="datetime-local">` holds, as an instant; null for nothing. */
export function instantOf(local: string): string | null {
  const at = Date.parse(local);
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}

const pad = (n: number) => String(n).padStart(2, "0");

/** An instant as such an input holds it, in this machine's zone. */
export function localOf(at: number): string {
  const d = new Date(at);
  return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}T${pad(d.getHours())}:${pad(d.getMinutes())}`;
}
