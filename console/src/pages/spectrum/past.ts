/** The past of a sensor's spectrum as a sheet, from the server's pyramid of resolutions. */
import { get } from "../../api/client";
import type { PastView, SurveyView, TemplateView } from "../../api/schema";
import { Sheet } from "./sheet";
import type { Span } from "./span";

export interface Past {
  readonly sheet: Sheet;
  readonly time: Span;
  readonly stepMs: number;
}

export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** What the server answered, as lines; its rows come oldest first, as those of a sheet lie. */
export function pastOf(view: PastView, kind: "mean" | "max"): Past {
  const start = Date.parse(view.start);
  const stepMs = view.step_s * 1000;
  const sheet = new Sheet(
    { low: view.low_hz, high: view.low_hz + view.bin_hz * view.n_bins },
    view.n_bins,
    view.n_rows,
  );
  sheet.codes.set(bytesOf(view[kind]).subarray(0, sheet.codes.length));
  for (let i = 0; i < view.n_rows; i++) sheet.times[i] = start + i * stepMs;
  sheet.nPushed = view.n_rows;
  return { sheet, time: { low: start, high: start + stepMs * view.n_rows }, stepMs };
}

export async function readPast(
  sensor: string,
  hz: Span,
  time: Span,
  rows: number,
  bins: number,
  signal: AbortSignal,
): Promise<PastView> {
  const query = new URLSearchParams({
    low_hz: String(Math.max(0, Math.round(hz.low))),
    high_hz: String(Math.round(hz.high)),
    from: new Date(time.low).toISOString(),
    to: new Date(time.high).toISOString(),
    rows: String(Math.min(4096, Math.max(1, Math.round(rows)))),
    bins: String(Math.min(4096, Math.max(1, Math.round(bins)))),
  });
  return get<PastView>(`/api/sensors/${encodeURIComponent(sensor)}/history?${query}`, signal);
}

/** The site's survey; null where there was none. */
export async function readTemplate(sensor: string, hz: Span, bins: number): Promise<TemplateView | null> {
  const query = new URLSearchParams({
    low_hz: String(Math.max(0, Math.round(hz.low))),
    high_hz: String(Math.round(hz.high)),
    bins: String(Math.min(4096, Math.max(1, Math.round(bins)))),
  });
  return (await get<SurveyView>(`/api/sensors/${encodeURIComponent(sensor)}/template?${query}`)).template;
}
