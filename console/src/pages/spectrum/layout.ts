/** Where the parts of a plot lie: levels above, then frequencies, owners of the bands, and time downwards. */
import { ticks } from "../../text/format";
import type { Span } from "./span";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly levels: Box;
  readonly axis: Box;
  /** No height in a small plot. */
  readonly owners: Box;
  readonly fall: Box;
}

const AXIS_PX = 18;
const OWNERS_PX = 22;
const LEFT_PX = 58;
const SMALL_LEFT_PX = 38;
const RIGHT_PX = 6;

export function layoutOf(width: number, height: number, isSmall: boolean): Layout {
  const x = isSmall ? SMALL_LEFT_PX : LEFT_PX;
  const wide = Math.max(1, Math.floor(width - x - RIGHT_PX));
  const owners = isSmall ? 0 : OWNERS_PX;
  const left = Math.max(2, height - AXIS_PX - owners);
  const high = Math.floor(left * (isSmall ? 0.34 : 0.32));
  const box = (y: number, tall: number): Box => ({ x, y, width: wide, height: tall });
  const fallY = high + AXIS_PX + owners;
  return {
    levels: box(0, high),
    axis: box(high, AXIS_PX),
    owners: box(high + AXIS_PX, owners),
    fall: box(fallY, Math.max(1, Math.floor(height - fallY))),
  };
}

export const holds = (box: Box, x: number, y: number): boolean =>
  x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;

export const xOf = (box: Box, hz: number, span: Span): number =>
  box.x + ((hz - span.low) / (span.high - span.low)) * box.width;

export const hzAt = (box: Box, x: number, span: Span): number =>
  span.low + ((x - box.x) / box.width) * (span.high - span.low);

export const yOf = (box: Box, db: number, bottomDb: number, rangeDb: number): number =>
  box.y + box.height * (1 - (db - bottomDb) / rangeDb);

/** Frequencies for the axis in MHz, not nearer to each other than their labels are wide. */
export function frequencies(span: Span, widthPx: number): { hz: number; label: string }[] {
  const n = Math.max(1, Math.floor(widthPx / 84));
  return ticks(span.low / 1e6, span.high / 1e6, n).map(({ value, places }) => ({
    hz: value * 1e6,
    label: value.toFixed(Math.max(places, 1)),
  }));
}
