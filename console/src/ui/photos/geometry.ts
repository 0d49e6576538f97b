/**
 * Where a photo's points come to lie on the screen. Pure.
 *
 *   photo, its own pixels ──quarters──> turned ──scale, shift──> stage, CSS pixels
 */

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** How a photo lies in its stage: quarters counter-clockwise, stage pixels per photo pixel, upper left corner. */
export interface View {
  readonly quarters: number;
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

/** As in CSS and SVG: x' = a x + c y + e, y' = b x + d y + f. */
export type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export const MOST_SCALE = 8;
/** Beyond the whole photo: it may be a little smaller than the stage, never lost in it. */
const LEAST_OF_FIT = 1;

export const quartersOf = (n: number) => ((n % 4) + 4) % 4;

export function turnedSize(photo: Size, quarters: number): Size {
  return quartersOf(quarters) % 2 ? { width: photo.height, height: photo.width } : photo;
}

export function matrixOf(photo: Size, view: View): Matrix {
  const { scale: s, x, y } = view;
  const [w, h] = [photo.width * s, photo.height * s];
  switch (quartersOf(view.quarters)) {
    case 1:
      return [0, -s, s, 0, x, y + w];
    case 2:
      return [-s, 0, 0, -s, x + w, y + h];
    case 3:
      return [0, s, -s, 0, x + h, y];
    default:
      return [s, 0, 0, s, x, y];
  }
}

export function onStage([a, b, c, d, e, f]: Matrix, x: number, y: number): { x: number; y: number } {
  return { x: a * x + c * y + e, y: b * x + d * y + f };
}

/** The scale at which the whole photo is seen. */
export function fitScale(photo: Size, quarters: number, stage: Size): number {
  const turned = turnedSize(photo, quarters);
  return Math.min(stage.width / turned.width, stage.height / turned.height);
}

/** The whole photo in the middle of its stage. */
export function fit(photo: Size, quarters: number, stage: Size): View {
  return settle(photo, stage, { quarters: quartersOf(quarters), scale: fitScale(photo, quarters, stage), x: 0, y: 0 });
}

/** `view` within bounds: neither lost nor torn off the edge; what is smaller than the stage lies in its middle. */
export function settle(photo: Size, stage: Size, view: View): View {
  const least = fitScale(photo, view.quarters, stage) * LEAST_OF_FIT;
  const scale = Math.max(least, Math.min(view.scale, Math.max(MOST_SCALE, least)));
  const turned = turnedSize(photo, view.quarters);
  const along = (at: number, inner: number, outer: number) =>
    inner <= outer ? (outer - inner) / 2 : Math.min(0, Math.max(outer - inner, at));
  return {
    quarters: view.quarters,
    scale,
    x: along(view.x, turned.width * scale, stage.width),
    y: along(view.y, turned.height * scale, stage.height),
  };
}

/** `factor` times larger; what lies at (`x`, `y`) of the stage stays there. */
export function zoomAt(photo: Size, stage: Size, view: View, factor: number, x: number, y: number): View {
  const least = fitScale(photo, view.quarters, stage);
  const scale = Math.max(least, Math.min(view.scale * factor, Math.max(MOST_SCALE, least)));
  const grown = scale / view.scale;
  return settle(photo, stage, {
    quarters: view.quarters,
    scale,
    x: x - (x - view.x) * grown,
    y: y - (y - view.y) * grown,
  });
}

export const panBy = (photo: Size, stage: Size, view: View, dx: number, dy: number): View =>
  settle(photo, stage, { ...view, x: view.x + dx, y: view.y + dy });

/** Corner pairs out of a flat list. */
export function pairs(corners: readonly number[]): [number, number][] {
  return Array.from({ length: Math.floor(corners.length / 2) }, (_, i) => [corners[2 * i] ?? 0, corners[2 * i + 1] ?? 0]);
}

/** `view` moved so that the box is in sight, and large enough to be read. */
export function showBox(photo: Size, stage: Size, view: View, corners: readonly number[]): View {
  const points = pairs(corners).map(([x, y]) => onStage(matrixOf(photo, view), x, y));
  if (points.length === 0) return view;
  const [xs, ys] = [points.map((one) => one.x), points.map((one) => one.y)];
  const middle = { x: (Math.min(...xs) + Math.max(...xs)) / 2, y: (Math.min(...ys) + Math.max(...ys)) / 2 };
  const wide = Math.max(1, Math.max(...xs) - Math.min(...xs));
  const factor = Math.max(1, Math.min((stage.width * 0.8) / wide, 3 / (view.scale / fitScale(photo, view.quarters, stage))));
  const larger = zoomAt(photo, stage, view, factor, middle.x, middle.y);
  return panBy(photo, stage, larger, stage.width / 2 - middle.x, stage.height / 2 - middle.y);
}

/** Whether two stretches of a text share something. */
export const overlaps = (a: { start: number; end: number }, b: { start: number; end: number }): boolean =>
  a.start < b.end && b.start < a.end;
