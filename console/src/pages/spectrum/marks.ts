/** Radio alerts as marks in the picture: where each was heard, when, and by which sensor. */
import type { AlertView } from "../../api/schema";
import { numberOf, sensorOf, textOf, type FlatEvent } from "../../state/event";
import { overlaps, type Span } from "./span";

/** One time that one sensor heard it; ms. */
export interface Heard {
  readonly sensor: string;
  readonly time: Span;
}

export interface Mark {
  readonly fingerprint: string;
  readonly alert: AlertView;
  readonly hz: Span;
  /** Oldest first. */
  readonly heard: readonly Heard[];
  readonly isOn: boolean;
}

/** Drawn at least so wide: a carrier has next to no bandwidth. */
const LEAST_HZ = 6_250;
/** What begins so near to another is the same, told again when it ended. */
const SAME_MS = 500;
const MOST_HEARD = 60;
export const MOST_ALERTS = 200;

/** An event's own time is the end of what was heard so far. */
export function heardOf(event: FlatEvent): Heard | null {
  const end = Date.parse(textOf(event, "at") ?? "");
  const sensor = sensorOf(event);
  if (Number.isNaN(end) || !sensor) return null;
  return { sensor, time: { low: end - (numberOf(event, "duration_s") ?? 0) * 1000, high: end } };
}

/** `known` with what is new; what is told again, longer, takes the place of what was told first. */
export function gathered(known: readonly Heard[], fresh: readonly Heard[]): readonly Heard[] {
  const all = [...known];
  for (const one of fresh) {
    const at = all.findIndex((old) => old.sensor === one.sensor && Math.abs(old.time.low - one.time.low) < SAME_MS);
    if (at < 0) all.push(one);
    else if (one.time.high > (all[at]?.time.high ?? 0)) all[at] = one;
  }
  return all.sort((a, b) => a.time.low - b.time.low).slice(-MOST_HEARD);
}

export function markOf(alert: AlertView, heard: readonly Heard[]): Mark | null {
  if (alert.kind !== "radio") return null;
  const center = numberOf(alert.event, "center_hz");
  const newest = heardOf(alert.event);
  const all = newest ? gathered(heard, [newest]) : heard;
  if (center === null || all.length === 0) return null;
  const half = Math.max(LEAST_HZ, numberOf(alert.event, "bandwidth_hz") ?? 0) / 2;
  return {
    fingerprint: alert.fingerprint,
    alert,
    hz: { low: center - half, high: center + half },
    heard: all,
    isOn: alert.firing,
  };
}

/**
 * Those that a sensor could have heard: of its own, and of its place; gravest levels come last, on top. Of a burst that
 * the sensor heard itself what the others heard is left out.
 */
export function marksFor(
  alerts: Iterable<AlertView>,
  heard: ReadonlyMap<string, readonly Heard[]>,
  sensor: string,
  venue: string | null,
): Mark[] {
  const order = { low: 0, medium: 1, high: 2, critical: 3 };
  return [...alerts]
    .flatMap((alert) => markOf(alert, heard.get(alert.fingerprint) ?? []) ?? [])
    .filter((mark) => isOwn(mark, sensor) || (venue !== null && mark.alert.venue === venue))
    .map((mark) => {
      const own = mark.heard.filter((one) => one.sensor === sensor);
      const others = mark.heard.filter((one) => one.sensor !== sensor && !own.some((mine) => overlaps(mine.time, one.time)));
      return { ...mark, heard: [...others, ...own] };
    })
    .sort((a, b) => order[a.alert.level] - order[b.alert.level]);
}

/** Whether the sensor itself heard it, or another at its place did. */
export const isOwn = (mark: Mark, sensor: string): boolean => mark.heard.some((one) => one.sensor === sensor);

export const lastHeard = (mark: Mark): number => Math.max(...mark.heard.map((one) => one.time.high));

export const within = (marks: readonly Mark[], hz: Span, time: Span | null): Mark[] =>
  marks.filter(
    (mark) =>
      overlaps(mark.hz, hz) &&
      (time === null || mark.heard.some((one) => overlaps({ low: one.time.low, high: one.time.high + 1 }, time))),
  );

/** The newest are kept: marks are of the band and time in view, and older ones stand in the review. */
export function keep(known: ReadonlyMap<string, AlertView>, ...fresh: AlertView[]): ReadonlyMap<string, AlertView> {
  const kept = new Map(known);
  for (const alert of fresh) if (alert.kind === "radio") kept.set(alert.fingerprint, alert);
  if (kept.size <= MOST_ALERTS) return kept;
  const newest = [...kept.values()].sort((a, b) => b.updated_at.localeCompare(a.updated_at)).slice(0, MOST_ALERTS);
  return new Map(newest.map((alert) => [alert.fingerprint, alert]));
}

/** When the kept ones were heard, with what is new of them; of alerts that are not kept nothing is. */
export function remember(
  known: ReadonlyMap<string, readonly Heard[]>,
  kept: ReadonlyMap<string, AlertView>,
  fingerprint: string,
  events: readonly FlatEvent[],
): ReadonlyMap<string, readonly Heard[]> {
  const fresh = events.flatMap((event) => heardOf(event) ?? []);
  const next = new Map([...known].filter(([key]) => kept.has(key)));
  if (kept.has(fingerprint)) next.set(fingerprint, gathered(known.get(fingerprint) ?? [], fresh));
  return next;
}
