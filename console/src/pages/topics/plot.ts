/** A topic's day as bars. Pure. */

export interface Bar {
  readonly x: number;
  readonly height: number;
  readonly n: number;
}

export const WIDTH = 288;
export const HEIGHT = 56;

/** One bar a count, in a box of WIDTH by HEIGHT; what is counted is at least one pixel high. */
export function bars(counts: readonly number[], top: number): Bar[] {
  const step = WIDTH / Math.max(1, counts.length);
  return counts.flatMap((n, at) => (n > 0 ? [{ x: at * step, height: Math.max(1, (n / Math.max(1, top)) * HEIGHT), n }] : []));
}

/** Every hour that is a multiple of `every`, as its place and its hour in this machine's zone. */
export function hours(beginsAt: number, bucketS: number, n: number, every: number): { x: number; hour: number }[] {
  const found: { x: number; hour: number }[] = [];
  for (let at = 0; at < n; at++) {
    const begins = new Date(beginsAt + at * bucketS * 1000);
    if (begins.getMinutes() === 0 && begins.getHours() % every === 0) found.push({ x: (at * WIDTH) / n, hour: begins.getHours() });
  }
  return found;
}

export const topOf = (counts: readonly number[]) => Math.max(0, ...counts);
export const sumOf = (counts: readonly number[]) => counts.reduce((sum, n) => sum + n, 0);
