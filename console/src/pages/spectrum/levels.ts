/** Levels as eight bits (sdr/codes.py), and the scale that they are shown on. */

export const LOWEST_DB = -150;
export const STEP_DB = 0.5;

/** dBFS/Hz of a code; NaN for 0: nobody listened. */
export function dbOf(code: number): number {
  return code === 0 ? NaN : LOWEST_DB + (code - 1) * STEP_DB;
}

export function codeOf(db: number): number {
  return Math.min(255, Math.max(1, Math.round((db - LOWEST_DB) / STEP_DB) + 1));
}

export interface Scale {
  /** The level at the dark end. */
  readonly bottomDb: number;
  readonly rangeDb: number;
}

export const USUAL_RANGE_DB = 45;
/** Of noise below its middle that stays visible as texture. */
const UNDER_FLOOR_DB = 5;
/** A floor that moves by less keeps its scale: colours must not flicker. */
const STILL_DB = 4;

/** What is left free above the strongest. */
const OVER_TOP_DB = 4;
const MOST_RANGE_DB = 110;

/** The level that a fifth of what was heard stays under, and the highest; null where nothing was heard. */
export function extentOf(codes: Uint8Array): { floorDb: number; topDb: number } | null {
  const counts = new Uint32Array(256);
  let [n, top] = [0, 0];
  for (const code of codes) {
    if (code === 0) continue;
    counts[code] = (counts[code] ?? 0) + 1;
    if (code > top) top = code;
    n++;
  }
  let passed = 0;
  for (let code = 1; code < 256; code++) {
    passed += counts[code] ?? 0;
    if (n > 0 && passed * 5 >= n) return { floorDb: dbOf(code), topDb: dbOf(top) };
  }
  return null;
}

/** The scale that fits what is heard; the one before is kept while it still fits. */
export function fitted(codes: Uint8Array, before: Scale | null): Scale | null {
  const extent = extentOf(codes);
  if (!extent) return before;
  const bottomDb = Math.round(extent.floorDb - UNDER_FLOOR_DB);
  const wanted = Math.ceil((extent.topDb + OVER_TOP_DB - bottomDb) / 5) * 5;
  const rangeDb = Math.min(MOST_RANGE_DB, Math.max(USUAL_RANGE_DB, wanted, before?.rangeDb ?? 0));
  const isStill = before && Math.abs(before.bottomDb - bottomDb) < STILL_DB && before.rangeDb >= rangeDb;
  return isStill ? before : { bottomDb, rangeDb };
}
