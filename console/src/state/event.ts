/** Reading the flat event and the history: their values are anything, so each is checked once, here. */

export type FlatEvent = Record<string, unknown>;

export function numberOf(event: FlatEvent, name: string): number | null {
  const value = event[name];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function textOf(event: FlatEvent, name: string): string | null {
  const value = event[name];
  return typeof value === "string" && value !== "" ? value : null;
}

export function wordsOf(event: FlatEvent, name: string): string[] {
  const value = event[name];
  return Array.isArray(value) ? value.filter((word): word is string => typeof word === "string") : [];
}

/** What the comparison with the site's survey says, in both languages. */
export function surveyed(event: FlatEvent): { en: string; zh: string }[] {
  const told = event["baseline"];
  if (!Array.isArray(told)) return [];
  return told.flatMap((one: unknown) => {
    if (typeof one !== "object" || one === null) return [];
    const reason = one as FlatEvent;
    const [en, zh] = [textOf(reason, "en"), textOf(reason, "zh")];
    return en && zh ? [{ en, zh }] : [];
  });
}

export interface Box {
  t0_s: number;
  t1_s: number;
  low_hz: number;
  high_hz: number;
}

export interface SpectrogramView extends Box {
  /** The picture that it speaks of. */
  digest: string | null;
  box: Box | null;
}

function boxOf(value: unknown): Box | null {
  if (typeof value !== "object" || value === null) return null;
  const event = value as FlatEvent;
  const [t0_s, t1_s] = [numberOf(event, "t0_s"), numberOf(event, "t1_s")];
  const [low_hz, high_hz] = [numberOf(event, "low_hz"), numberOf(event, "high_hz")];
  if (t0_s === null || t1_s === null || low_hz === null || high_hz === null) return null;
  return t1_s > t0_s && high_hz > low_hz ? { t0_s, t1_s, low_hz, high_hz } : null;
}

/** What the picture with the role `spectrogram` shows; null when the event does not say. */
export function spectrogramOf(event: FlatEvent): SpectrogramView | null {
  const whole = boxOf(event["spectrogram"]);
  const told = event["spectrogram"] as FlatEvent;
  return whole && { ...whole, digest: textOf(told, "digest"), box: boxOf(told["box"]) };
}

/** Where a box lies in the picture: shares of width and height, from the left and from the top. */
export function placeIn(whole: Box, box: Box): { x: number; y: number; width: number; height: number } {
  const clamp = (share: number) => Math.min(1, Math.max(0, share));
  const x0 = clamp((box.t0_s - whole.t0_s) / (whole.t1_s - whole.t0_s));
  const x1 = clamp((box.t1_s - whole.t0_s) / (whole.t1_s - whole.t0_s));
  const y0 = clamp((whole.high_hz - box.high_hz) / (whole.high_hz - whole.low_hz));
  const y1 = clamp((whole.high_hz - box.low_hz) / (whole.high_hz - whole.low_hz));
  return { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
}

/** The sensor that heard it, as health and addresses name it: of an edge's sensor with its node. */
export function sensorOf(event: FlatEvent): string | null {
  const [node, sensor] = [textOf(event, "node"), textOf(event, "sensor")];
  return node !== null && sensor !== null ? `${node}:${sensor}` : sensor;
}

/**
 * When a channel was heard and how strong. An emission that was told twice (heard, then ended) counts once:
 * `at` is its end so far, so its start, to the second, says which one it is.
 */
export function hearings(events: readonly FlatEvent[]): { at: number; snr: number }[] {
  const byTime = new Map<number, number>();
  for (const event of events) {
    const at = Math.round(Date.parse(textOf(event, "at") ?? "") / 1000 - (numberOf(event, "duration_s") ?? 0));
    const snr = numberOf(event, "snr_db");
    if (Number.isFinite(at) && snr !== null) byTime.set(at, snr);
  }
  return [...byTime].map(([at, snr]) => ({ at, snr })).sort((a, b) => a.at - b.at);
}

/** Each sensor with its strongest hearing, the last time and how often; the strongest sensor first. */
export function bySensor(
  events: readonly FlatEvent[],
): { sensor: string; snr: number | null; at: number; times: number }[] {
  const found = new Map<string, { snr: number | null; at: number; starts: Set<number> }>();
  for (const event of events) {
    const sensor = sensorOf(event);
    const at = Date.parse(textOf(event, "at") ?? "");
    if (!sensor || !Number.isFinite(at)) continue;
    const known = found.get(sensor) ?? { snr: null, at, starts: new Set<number>() };
    const snr = numberOf(event, "snr_db");
    // As in `hearings`: an emission told twice, heard and then ended, counts once.
    known.starts.add(Math.round(at / 1000 - (numberOf(event, "duration_s") ?? 0)));
    found.set(sensor, {
      snr: snr === null ? known.snr : Math.max(snr, known.snr ?? -Infinity),
      at: Math.max(at, known.at),
      starts: known.starts,
    });
  }
  return [...found]
    .map(([sensor, { snr, at, starts }]) => ({ sensor, snr, at, times: starts.size }))
    .sort((a, b) => (b.snr ?? -Infinity) - (a.snr ?? -Infinity));
}

/** The newest event of each version of a post, newest version first. */
export function versionsOf(events: readonly FlatEvent[]): FlatEvent[] {
  const byVersion = new Map<number, FlatEvent>();
  for (const event of events) byVersion.set(numberOf(event, "version") ?? 1, event);
  return [...byVersion.entries()].sort(([a], [b]) => b - a).map(([, event]) => event);
}

/** The instant in milliseconds of the next burst after `at`, by the rhythm so far; null where there is none. */
export function nextInRhythm(event: FlatEvent, at: number): number | null {
  const due = Date.parse(textOf(event, "next_burst_at") ?? "");
  const period = (numberOf(event, "burst_period_s") ?? 0) * 1000;
  if (!Number.isFinite(due) || period <= 0) return null;
  return due + Math.max(0, Math.ceil((at - due) / period)) * period;
}
