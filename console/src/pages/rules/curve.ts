/** A threshold's curve as lines in a box. Pure. */
import type { CurvePoint } from "../../api/schema";

export const WIDTH = 420;
export const HEIGHT = 120;

export interface Scale {
  readonly x: (threshold: number) => number;
  readonly y: (perDay: number) => number;
  readonly top: number;
}

export function scaleOf(points: readonly CurvePoint[]): Scale {
  const thresholds = points.map((point) => point.threshold);
  const [low, high] = [Math.min(...thresholds), Math.max(...thresholds)];
  const top = Math.max(...points.map((point) => point.alerts_per_day), Number.MIN_VALUE);
  return {
    x: (threshold) => (high > low ? ((threshold - low) / (high - low)) * WIDTH : WIDTH / 2),
    y: (perDay) => HEIGHT - (perDay / top) * HEIGHT,
    top,
  };
}

/** A path of steps: between two thresholds the tighter one's count holds. */
export function steps(points: readonly CurvePoint[], scale: Scale): string {
  return points
    .map((point, at) => {
      const [x, y] = [scale.x(point.threshold), scale.y(point.alerts_per_day)];
      return at === 0 ? `M${x} ${y}` : `V${y}H${x}`;
    })
    .join("");
}

/** Where a share of 0 to 1 lies. */
export const shareY = (share: number) => HEIGHT - share * HEIGHT;

/** The point that stands for a threshold: itself, or the nearest. */
export function indexOf(points: readonly CurvePoint[], threshold: number): number {
  let best = 0;
  points.forEach((point, at) => {
    if (Math.abs(point.threshold - threshold) < Math.abs((points[best]?.threshold ?? Infinity) - threshold)) best = at;
  });
  return best;
}
