/** A stretch of frequency or time, and looking closer at it. */

export interface Span {
  readonly low: number;
  readonly high: number;
}

export const width = (span: Span): number => span.high - span.low;
export const middle = (span: Span): number => (span.high + span.low) / 2;
export const shareOf = (span: Span, value: number): number => (value - span.low) / width(span);
export const valueAt = (span: Span, share: number): number => span.low + share * width(span);

/** `span` moved, and cut where it must be, to lie inside of `bounds`. */
export function inside(span: Span, bounds: Span): Span {
  const wide = Math.min(width(span), width(bounds));
  const low = Math.min(Math.max(span.low, bounds.low), bounds.high - wide);
  return { low, high: low + wide };
}

/** Closer (`factor` under 1) or further, with what is at `share` staying where it is. */
export function zoomed(span: Span, share: number, factor: number, bounds: Span, least: number): Span {
  const wide = Math.min(width(bounds), Math.max(least, width(span) * factor));
  const still = valueAt(span, share);
  const low = still - share * wide;
  return inside({ low, high: low + wide }, bounds);
}

/** Moved by a share of its own width. */
export function moved(span: Span, share: number, bounds: Span): Span {
  const by = share * width(span);
  return inside({ low: span.low + by, high: span.high + by }, bounds);
}

export const overlaps = (a: Span, b: Span): boolean => a.low < b.high && b.low < a.high;
export const isSame = (a: Span, b: Span): boolean => a.low === b.low && a.high === b.high;

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];

/** Round instants (ms) inside `span`, about `n` of them, in the zone of `offsetMin` minutes east of UTC. */
export function instants(span: Span, n: number, offsetMin: number): { at: number; withSeconds: boolean }[] {
  const raw = width(span) / 1000 / Math.max(1, n);
  const step = (STEPS_S.find((s) => s >= raw) ?? 86400) * 1000;
  const shift = offsetMin * 60_000;
  const found: { at: number; withSeconds: boolean }[] = [];
  for (let at = Math.ceil((span.low + shift) / step) * step - shift; at <= span.high; at += step) {
    found.push({ at, withSeconds: step < 60_000 });
  }
  return found;
}
