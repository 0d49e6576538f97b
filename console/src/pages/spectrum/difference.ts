import { hertz, seconds } from "../../text/format";
import type { Spot } from "./scope";

/** B less A: frequency, level, time. */
export function differenceOf(a: Spot, b: Spot): { hz: string; db: string; time: string } {
  const [value, unit] = hertz(Math.abs(b.hz - a.hz));
  const sign = b.hz < a.hz ? "−" : "+";
  const ms = a.at !== null && b.at !== null ? b.at - a.at : null;
  const [length, timeUnit] = ms === null ? ["–", ""] : seconds(Math.abs(ms) / 1000);
  const db = b.db - a.db;
  return {
    hz: `${sign}${value} ${unit}`,
    db: Number.isNaN(db) ? "–" : `${db < 0 ? "−" : "+"}${Math.abs(db).toFixed(1)} dB`,
    time: ms === null ? "–" : `${ms < 0 ? "−" : "+"}${length} ${timeUnit}`,
  };
}
