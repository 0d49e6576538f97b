/** Degrees as metres on a flat map, and the outlines of GeoJSON as paths on it. Y grows downwards, as on a screen. */

import type { Pinched } from "../../ui/pinch";

const EARTH_M = 6_371_008.8;
const RAD = Math.PI / 180;

export interface Point {
  readonly lat: number;
  readonly lon: number;
}

/** A rectangle in metres; y downwards. */
export interface Extent {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Flat {
  at(point: Point): [x: number, y: number];
}

/** Metres around `origin`: over a city it is off by less than a building. */
export function flatAt(origin: Point): Flat {
  const east = EARTH_M * Math.cos(origin.lat * RAD) * RAD;
  return { at: ({ lat, lon }) => [(lon - origin.lon) * east, -(lat - origin.lat) * EARTH_M * RAD] };
}

export const middleOf = (points: readonly Point[]): Point => ({
  lat: points.reduce((sum, one) => sum + one.lat, 0) / Math.max(1, points.length),
  lon: points.reduce((sum, one) => sum + one.lon, 0) / Math.max(1, points.length),
});

/** What holds all of `places`, with room around; at least `least` metres. */
export function extentOf(places: readonly (readonly [number, number])[], least: number, aspect: number): Extent {
  const xs = places.map(([x]) => x);
  const ys = places.map(([, y]) => y);
  const [x0, x1, y0, y1] = places.length
    ? [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
    : [0, 0, 0, 0];
  const height = Math.max(least, (y1 - y0) * 1.4, ((x1 - x0) * 1.3) / aspect);
  const width = height * aspect;
  return { x: (x0 + x1) / 2 - width / 2, y: (y0 + y1) / 2 - height / 2, width, height };
}

export function zoomedAt(extent: Extent, shareX: number, shareY: number, factor: number): Extent {
  const height = Math.min(400_000, Math.max(40, extent.height * factor));
  const width = (height * extent.width) / extent.height;
  return {
    x: extent.x + shareX * (extent.width - width),
    y: extent.y + shareY * (extent.height - height),
    width,
    height,
  };
}

/** What was between two fingers stays there; `wide` and `high` are the picture's pixels. */
export function pinched(extent: Extent, { factor, from, to }: Pinched, wide: number, high: number): Extent {
  const closer = zoomedAt(extent, from.x / wide, from.y / high, factor);
  return {
    ...closer,
    x: closer.x - ((to.x - from.x) / wide) * closer.width,
    y: closer.y - ((to.y - from.y) / high) * closer.height,
  };
}

/** Round lengths: 1, 2 or 5 times a power of ten, at most `most`. */
export function roundBelow(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  return ([5, 2, 1].find((n) => n * power <= most) ?? 1) * power;
}

export function lengthOf(metres: number): string {
  return metres >= 1000 ? `${metres / 1000} km` : `${metres} m`;
}

/** Where grid lines lie from `low` to `high`. */
export function gridLines(low: number, high: number, step: number): number[] {
  const lines: number[] = [];
  for (let i = Math.ceil(low / step); i * step <= high; i++) lines.push(i * step);
  return lines;
}

export interface Shape {
  readonly kind: string;
  readonly name: { readonly en: string; readonly zh: string };
  /** Of an SVG path. */
  readonly path: string;
  readonly isArea: boolean;
  readonly middle: [number, number];
  /** Two corners of what holds it. */
  readonly corners: readonly [readonly [number, number], readonly [number, number]];
}

type Position = readonly number[];

function pathOf(line: readonly Position[], flat: Flat, isClosed: boolean): { path: string; places: [number, number][] } {
  const places = line.map(([lon = 0, lat = 0]) => flat.at({ lat, lon }));
  const path = places.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  return { path: path + (isClosed ? "Z" : ""), places };
}

/** The lines and areas of a FeatureCollection as the server has checked it. */
export function shapesOf(collection: Record<string, unknown>, flat: Flat): Shape[] {
  const features = Array.isArray(collection["features"]) ? (collection["features"] as unknown[]) : [];
  return features.flatMap((feature) => {
    const { geometry, properties } = feature as {
      geometry?: { type?: string; coordinates?: unknown };
      properties?: Record<string, unknown>;
    };
    const kind = geometry?.type ?? "";
    const depth = { LineString: 0, MultiLineString: 1, Polygon: 1, MultiPolygon: 2 }[kind];
    if (depth === undefined) return [];
    const isArea = kind.endsWith("Polygon");
    let lines = [geometry?.coordinates] as unknown[];
    for (let i = 0; i < depth; i++) lines = lines.flat(1);
    const drawn = (lines as Position[][]).map((line) => pathOf(line, flat, isArea));
    const places = drawn.flatMap((one) => one.places);
    if (!places.length) return [];
    const xs = places.map(([x]) => x);
    const ys = places.map(([, y]) => y);
    const nameIn = (key: string) => (typeof properties?.[key] === "string" ? (properties[key] as string) : "");
    const plain = nameIn("name");
    const [x0, x1] = [Math.min(...xs), Math.max(...xs)];
    const [y0, y1] = [Math.min(...ys), Math.max(...ys)];
    return [
      {
        kind: String(properties?.["kind"] ?? ""),
        name: { en: nameIn("name_en") || plain, zh: nameIn("name_zh") || plain },
        path: drawn.map((one) => one.path).join(""),
        isArea,
        middle: [(x0 + x1) / 2, (y0 + y1) / 2],
        corners: [
          [x0, y0],
          [x1, y1],
        ],
      },
    ];
  });
}

/** How a picture of one by one lies on the map, from its corners: an SVG matrix. */
export function planMatrix(corners: readonly (readonly [number, number])[], flat: Flat): string | null {
  const [first, second, third] = corners.map(([lat, lon]) => flat.at({ lat, lon }));
  if (!first || !second) return null;
  const right = third ? second : ([second[0], first[1]] as const);
  const below = third ?? ([first[0], second[1]] as const);
  const parts = [right[0] - first[0], right[1] - first[1], below[0] - first[0], below[1] - first[1], first[0], first[1]];
  return `matrix(${parts.map((part) => part.toFixed(3)).join(" ")})`;
}
