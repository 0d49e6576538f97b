/** Several alerts marked, to be given one verdict. The marks stay where they are while the list goes on. */
import { computed, signal } from "@preact/signals";
import { select, selected, stream } from "./desk";
import { neighbour } from "./stream";

/** What one request may name (`MAX_AT_ONCE` of the server). */
export const MOST = 200;

export const marks = signal<ReadonlySet<string>>(new Set());
export const nMarked = computed(() => marks.value.size);

export function toggled(set: ReadonlySet<string>, one: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(one) && next.size < MOST) next.add(one);
  return next;
}

export function toggleMark(fingerprint: string | null): void {
  if (fingerprint) marks.value = toggled(marks.value, fingerprint);
}

/** Shift+j and Shift+k: mark what is selected and what one comes to. */
export function markOn(by: number): void {
  const from = selected.value;
  const to = neighbour(stream.value, from, by);
  if (!to) return;
  marks.value = new Set([...marks.value, ...(from ? [from] : []), to].slice(0, MOST));
  select(to);
}

export function markAll(): void {
  const all = stream.value.rows.slice(0, MOST).map((row) => row.fingerprint);
  const isAll = all.every((one) => marks.value.has(one));
  marks.value = isAll ? new Set() : new Set(all);
}

export function clearMarks(): void {
  if (marks.value.size) marks.value = new Set();
}
