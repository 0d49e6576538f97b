/**
 * Marks in a text. The server counts code points; JavaScript strings count UTF-16 units, and differ
 * after the first emoji or rare character. Everything here takes code points and gives strings.
 */
import type { ReasonView } from "../api/schema";

export interface Piece {
  readonly text: string;
  /** Numbers (from 1) of the reasons that marked it; empty for plain text. */
  readonly reasons: readonly number[];
}

/**
 * Cut `text` at the edges of all spans, and at `also`. Spans outside the text are clipped, empty ones ignored.
 */
export function cut(
  text: string,
  marks: readonly { start: number; end: number; reason: number }[],
  also: readonly number[] = [],
): Piece[] {
  const points = Array.from(text);
  const clipped = marks
    .map(({ start, end, reason }) => ({ start: Math.max(0, start), end: Math.min(points.length, end), reason }))
    .filter(({ start, end }) => start < end);
  const inside = also.filter((edge) => edge > 0 && edge < points.length);
  const edges = [
    ...new Set([0, points.length, ...inside, ...clipped.flatMap(({ start, end }) => [start, end])]),
  ].sort((a, b) => a - b);
  return edges.slice(0, -1).map((from, index) => {
    const to = edges[index + 1] ?? points.length;
    const reasons = clipped.filter(({ start, end }) => start <= from && to <= end).map(({ reason }) => reason);
    return { text: points.slice(from, to).join(""), reasons: [...new Set(reasons)].sort((a, b) => a - b) };
  });
}

/** Every span of the reasons that speak of `field`, with the reason's number as shown in the list. */
export function marksOf(why: readonly ReasonView[], field: string) {
  return why.flatMap((reason, index) =>
    reason.field === field ? reason.spans.map(([start, end]) => ({ start, end, reason: index + 1 })) : [],
  );
}
