/** Radio alerts as marks in the picture: where and when each was heard. */
import type { AlertView } from "../../api/schema";
import { numberOf, textOf } from "../../state/event";
import { overlaps, type Span } from "./span";

export interface Mark {
  readonly fingerprint: string;
  readonly alert: AlertView;
  readonly hz: Span;
  /** Of the newest time that it was heard, ms. */
  readonly time: Span;
  /** When it was told at all, ms; the newest is among them. */
  readonly told: readonly number[];
  readonly isOn: boolean;
}

/** Drawn at least so wide: a carrier has next to no bandwidth. */
const LEAST_HZ = 6_250;

export function markOf(alert: AlertView): Mark | null {
  if (alert.kind !== "radio") return null;
  const center = numberOf(alert.event, "center_hz");
  const end = Date.parse(textOf(alert.event, "at") ?? alert.updated_at);
  if (center === null || Number.isNaN(end)) return null;
  const half = Math.max(LEAST_HZ, numberOf(alert.event, "bandwidth_hz") ?? 0) / 2;
  const lasted = (numberOf(alert.event, "duration_s") ?? 0) * 1000;
  const told = alert.history.flatMap((one) => {
    const at = typeof one["at"] === "string" ? Date.parse(one["at"]) : NaN;
    return Number.isNaN(at) ? [] : [at];
  });
  return {
    fingerprint: alert.fingerprint,
    alert,
    hz: { low: center - half, high: center + half },
    time: { low: end - lasted, high: end },
    told: told.length ? told : [end],
    isOn: alert.firing,
  };
}

/** Those that a sensor could have heard: of its own, and of its place; gravest levels come last, on top. */
export function marksFor(alerts: Iterable<AlertView>, sensor: string, venue: string | null): Mark[] {
  const order = { low: 0, medium: 1, high: 2, critical: 3 };
  return [...alerts]
    .filter((alert) => textOf(alert.event, "sensor") === sensor || (venue !== null && alert.venue === venue))
    .flatMap((alert) => markOf(alert) ?? [])
    .sort((a, b) => order[a.alert.level] - order[b.alert.level]);
}

/** Whether the sensor itself heard it, or another at its place did. */
export const isOwn = (mark: Mark, sensor: string): boolean => textOf(mark.alert.event, "sensor") === sensor;

export const within = (marks: readonly Mark[], hz: Span, time: Span | null): Mark[] =>
  marks.filter(
    (mark) =>
      overlaps(mark.hz, hz) &&
      (time === null || overlaps({ low: Math.min(mark.time.low, ...mark.told), high: mark.time.high + 1 }, time)),
  );

export const MOST_ALERTS = 200;

/** The newest are kept: marks are of the band and time in view, and older ones stand in the review. */
export function keep(known: ReadonlyMap<string, AlertView>, ...fresh: AlertView[]): ReadonlyMap<string, AlertView> {
  const kept = new Map(known);
  for (const alert of fresh) if (alert.kind === "radio") kept.set(alert.fingerprint, alert);
  if (kept.size <= MOST_ALERTS) return kept;
  const newest = [...kept.values()].sort((a, b) => b.updated_at.localeCompare(a.updated_at)).slice(0, MOST_ALERTS);
  return new Map(newest.map((alert) => [alert.fingerprint, alert]));
}
