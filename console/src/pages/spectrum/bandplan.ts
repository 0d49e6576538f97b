/** Who owns what of a stretch: the plan's first row that fits a narrow, short emission counts, as for the rules. */
import type { BandPlanRow } from "../../api/schema";
import type { Span } from "./span";

/** What is sought: one channel, three and a half seconds (monitor/bandplan.py). */
const SOUGHT_HZ = 12_500;
const SOUGHT_S = 3.5;

export interface Owned extends Span {
  readonly row: BandPlanRow;
}

const fits = (row: BandPlanRow, hz: number) =>
  row.low_hz <= hz &&
  hz < row.high_hz &&
  (row.narrower_than_hz === null || SOUGHT_HZ < row.narrower_than_hz) &&
  (row.longer_than_s === null || SOUGHT_S > row.longer_than_s);

export function ownersOf(rows: readonly BandPlanRow[], span: Span): Owned[] {
  const edges = new Set([span.low, span.high]);
  for (const row of rows) {
    for (const edge of [row.low_hz, row.high_hz]) if (edge > span.low && edge < span.high) edges.add(edge);
  }
  const sorted = [...edges].sort((a, b) => a - b);
  const found: Owned[] = [];
  for (let i = 0; i + 1 < sorted.length; i++) {
    const [low, high] = [sorted[i] ?? 0, sorted[i + 1] ?? 0];
    const row = rows.find((one) => fits(one, (low + high) / 2));
    if (!row) continue;
    const before = found.at(-1);
    if (before && before.row === row && before.high === low) found[found.length - 1] = { ...before, high };
    else found.push({ low, high, row });
  }
  return found;
}
