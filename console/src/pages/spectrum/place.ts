/** The page's address: which sensor, which band and time, and how it is shown. */
import type { Span } from "./span";

export interface Place {
  readonly hz: Span | null;
  readonly time: Span | null;
  /** Bottom and range in dB; null: automatic. */
  readonly scale: { readonly bottomDb: number; readonly rangeDb: number } | null;
  readonly holding: boolean;
  readonly comparing: boolean;
}

function spanOf(low: string | null, high: string | null): Span | null {
  const [a, b] = [Number(low ?? NaN), Number(high ?? NaN)];
  return Number.isFinite(a) && Number.isFinite(b) && a < b ? { low: a, high: b } : null;
}

export function placeOf(query: URLSearchParams): Place {
  const [from, to] = [Date.parse(query.get("from") ?? ""), Date.parse(query.get("to") ?? "")];
  const [bottomDb, rangeDb] = [Number(query.get("bottom") ?? NaN), Number(query.get("range") ?? NaN)];
  return {
    hz: spanOf(query.get("low"), query.get("high")),
    time: from < to ? { low: from, high: to } : null,
    scale: Number.isFinite(bottomDb) && rangeDb >= 5 && rangeDb <= 120 ? { bottomDb, rangeDb } : null,
    holding: query.has("hold"),
    comparing: query.has("survey"),
  };
}

export function pathTo(sensor: string, place: Place): string {
  const query = new URLSearchParams();
  if (place.hz) {
    query.set("low", String(Math.round(place.hz.low)));
    query.set("high", String(Math.round(place.hz.high)));
  }
  if (place.time) {
    query.set("from", new Date(place.time.low).toISOString());
    query.set("to", new Date(place.time.high).toISOString());
  }
  if (place.scale) {
    query.set("bottom", String(place.scale.bottomDb));
    query.set("range", String(place.scale.rangeDb));
  }
  if (place.holding) query.set("hold", "1");
  if (place.comparing) query.set("survey", "1");
  const asked = query.toString();
  return `/spectrum/${encodeURIComponent(sensor)}${asked ? `?${asked}` : ""}`;
}
