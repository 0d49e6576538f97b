/** All that a receiver of this kind can be tuned to, as a strip. */
import type { Span } from "./span";

export const TUNABLE: Span = { low: 24e6, high: 1766e6 };
export const STRIP_MHZ = [24, 50, 100, 200, 400, 800, 1766];

/** Octaves are equally wide: the low bands, where answers are sent, are not a hair at the left edge. */
export const stripShare = (hz: number): number =>
  Math.log(Math.min(TUNABLE.high, Math.max(TUNABLE.low, hz)) / TUNABLE.low) / Math.log(TUNABLE.high / TUNABLE.low);
