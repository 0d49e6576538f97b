/** The lines of the moment's plot: levels over frequency to points of a picture. Pure. */

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly lowHz: number;
  readonly highHz: number;
  readonly lowDb: number;
  readonly highDb: number;
}

const STEP_DB = 10;
const LEAST_SPAN_DB = 20;

/** The level range that holds all `levels`, in whole steps; the loudest keeps clear of the upper edge. */
export function dbRange(levels: readonly (number | null)[]): { low: number; high: number } {
  const known = levels.filter((level): level is number => level !== null && Number.isFinite(level));
  if (known.length === 0) return { low: -140, high: -100 };
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const high = Math.ceil((most + 2) / STEP_DB) * STEP_DB;
  return { low: Math.min(Math.floor(least / STEP_DB) * STEP_DB, high - LEAST_SPAN_DB), high };
}

export const xOf = (frame: Frame, hz: number) => ((hz - frame.lowHz) / (frame.highHz - frame.lowHz)) * frame.width;

export const yOf = (frame: Frame, db: number) =>
  ((frame.highDb - Math.max(frame.lowDb, Math.min(frame.highDb, db))) / (frame.highDb - frame.lowDb)) * frame.height;

/** A line through the middles of its bins; where nothing is known it breaks. */
export function line(frame: Frame, lowHz: number, binHz: number, levels: readonly (number | null)[]): string {
  let path = "";
  let drawing = false;
  levels.forEach((level, index) => {
    const hz = lowHz + (index + 0.5) * binHz;
    if (level === null || hz < frame.lowHz || hz > frame.highHz) {
      drawing = false;
      return;
    }
    path += `${drawing ? "L" : "M"}${xOf(frame, hz).toFixed(1)} ${yOf(frame, level).toFixed(1)}`;
    drawing = true;
  });
  return path;
}

/** A stair: each bin is level over its whole width, as a survey's are. */
export function stair(frame: Frame, lowHz: number, binHz: number, levels: readonly (number | null)[]): string {
  let path = "";
  let drawing = false;
  levels.forEach((level, index) => {
    const [from, to] = [lowHz + index * binHz, lowHz + (index + 1) * binHz];
    if (level === null || to <= frame.lowHz || from >= frame.highHz) {
      drawing = false;
      return;
    }
    const [x0, x1] = [Math.max(from, frame.lowHz), Math.min(to, frame.highHz)].map((hz) => xOf(frame, hz).toFixed(1));
    const y = yOf(frame, level).toFixed(1);
    path += `${drawing ? "L" : "M"}${x0} ${y}L${x1} ${y}`;
    drawing = true;
  });
  return path;
}
