/**
 * From rows, each of the hop that was heard, to whole lines and to the newest level of every bin.
 *
 * A receiver that stays fills a line with each row. One that sweeps fills it hop by hop; the line is whole when a hop
 * is heard for the second time. What nobody listened to stays 0.
 */
import { Sheet } from "./sheet";
import { overlaps, width, type Span } from "./span";
import type { Row } from "./wire";

/** A hop that goes on for so long is a stay, whatever the plan is. */
const STAY_S = 2;
/** Rows that fail for so long leave a line of nothing, so that a gap is seen. */
const GAP_S = 1.5;
export const MOST_BINS = 2048;

export const spanOf = (row: Row): Span => ({ low: row.lowHz, high: row.lowHz + row.codes.length * row.binHz });

/** What a picture of the sensor spans: all its bands where it sweeps, else what the row has. */
export function rangeFor(row: Row, bands: readonly Span[], zoom: Span | null): Span {
  const own = spanOf(row);
  if (bands.length === 0) return own;
  const hull = { low: Math.min(...bands.map((b) => b.low)), high: Math.max(...bands.map((b) => b.high)) };
  const isSweep = width(hull) > 1.05 * width(own) && overlaps(hull, own);
  if (!isSweep) return own;
  return zoom && overlaps(zoom, hull) ? { low: Math.max(zoom.low, hull.low), high: Math.min(zoom.high, hull.high) } : hull;
}

export class Panorama {
  readonly sheet: Sheet;
  /** The newest level of every bin; of a sweep, from whenever it was heard. */
  readonly latest: Uint8Array;
  /** The highest since `forgetHold`. */
  readonly hold: Uint8Array;
  private readonly line: Uint8Array;
  private lineAt = NaN;
  private lastAt = NaN;
  /** Lower edges of the hops in the line. */
  private readonly hops = new Set<number>();
  private last: Span = { low: NaN, high: NaN };
  private readonly isWhole: boolean;

  constructor(
    readonly hz: Span,
    row: Row,
    lines: number,
    /** Seconds that a line gathers at least. */
    readonly lineS: number,
  ) {
    const own = spanOf(row);
    this.isWhole = width(own) >= width(hz) * 0.999;
    const bins = this.isWhole ? row.codes.length : Math.min(MOST_BINS, Math.max(64, Math.round(width(hz) / row.binHz)));
    this.sheet = new Sheet(hz, bins, lines);
    this.latest = new Uint8Array(bins);
    this.hold = new Uint8Array(bins);
    this.line = new Uint8Array(bins);
  }

  take(row: Row): void {
    const own = spanOf(row);
    const isSameHop = own.low === this.last.low && own.high === this.last.high;
    const [first, last] = this.binsOf(own);
    if (first >= last) return;
    if (!Number.isNaN(this.lineAt)) {
      const lasted = (row.at - this.lineAt) / 1000;
      const isFull = isSameHop
        ? lasted >= (this.isWhole ? this.lineS : Math.max(this.lineS, STAY_S)) - row.spanS / 2
        : this.hops.has(own.low);
      if (isFull) this.close();
      if (this.isWhole && row.at - this.lastAt > GAP_S * 1000) {
        this.close();
        this.sheet.push(new Uint8Array(this.sheet.width), this.lastAt + row.spanS * 1000);
      }
    }
    if (Number.isNaN(this.lineAt)) this.lineAt = row.at;
    this.lastAt = row.at;
    this.last = own;
    this.hops.add(own.low);
    this.put(row, first, last);
  }

  forgetHold(): void {
    this.hold.fill(0);
  }

  private close(): void {
    if (Number.isNaN(this.lineAt)) return;
    this.sheet.push(this.line, this.lineAt);
    this.line.fill(0);
    this.hops.clear();
    this.lineAt = NaN;
  }

  private binsOf(own: Span): [number, number] {
    const { binHz, width: bins } = this.sheet;
    const first = Math.max(0, Math.round((own.low - this.hz.low) / binHz));
    return [first, Math.min(bins, Math.round((own.high - this.hz.low) / binHz))];
  }

  private put(row: Row, first: number, last: number): void {
    const { binHz } = this.sheet;
    for (let bin = first; bin < last; bin++) {
      const at = (this.hz.low + bin * binHz - row.lowHz) / row.binHz;
      const from = Math.max(0, Math.floor(at + 1e-3));
      const to = Math.min(row.codes.length, Math.max(from + 1, Math.ceil(at + binHz / row.binHz - 1e-3)));
      let top = 0;
      for (let i = from; i < to; i++) {
        const code = row.codes[i] ?? 0;
        if (code > top) top = code;
      }
      if (top === 0) continue;
      this.latest[bin] = top;
      if (top > (this.line[bin] ?? 0)) this.line[bin] = top;
      if (top > (this.hold[bin] ?? 0)) this.hold[bin] = top;
    }
  }
}
