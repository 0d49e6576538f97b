/** What the page asks of the server beside the rows: alerts as marks, the band plan, what is watched. */
import { signal } from "@preact/signals";
import { ApiError, get, getAlert, listAlerts, send } from "../../api/client";
import type { AlertView, BandPlanRow, BandPlanView, CoverageView, StareView, StaringView } from "../../api/schema";
import { onAlert } from "../../state/desk";
import { keep, MOST_ALERTS, remember, type Heard } from "./marks";

const COVERAGE_MS = 10_000;

export const alerts = signal<ReadonlyMap<string, AlertView>>(new Map());
/** When each was heard, as far as that came to this page. */
export const heard = signal<ReadonlyMap<string, readonly Heard[]>>(new Map());
export const plan = signal<readonly BandPlanRow[]>([]);
export const coverage = signal<CoverageView | null>(null);

async function readCoverage(): Promise<void> {
  try {
    coverage.value = await get<CoverageView>("/api/coverage");
  } catch {
    // The header says that the server is away; what was true before stays in view.
  }
}

/** Radio alerts as they stand and as they come, until the result is called. */
export function followAlerts(): () => void {
  const fresh = new Set<string>();
  const end = onAlert((alert) => {
    fresh.add(alert.fingerprint);
    if (alert.kind !== "radio") return;
    alerts.value = keep(alerts.value, alert);
    heard.value = remember(heard.value, alerts.value, alert.fingerprint, [alert.event]);
  });
  listAlerts(new URLSearchParams({ kind: "radio", limit: String(MOST_ALERTS) })).then(
    (page) => {
      alerts.value = keep(alerts.value, ...page.alerts.filter((one) => !fresh.has(one.fingerprint)));
    },
    () => undefined, // what the stream brings is marked all the same
  );
  return end;
}

/** All the times that an alert's emission was heard: marked once somebody wants to know. */
export async function recall(fingerprint: string): Promise<void> {
  try {
    const whole = await getAlert(fingerprint);
    heard.value = remember(heard.value, alerts.value, fingerprint, whole.events);
  } catch {
    // What is known of it stays marked.
  }
}

/** Read all of it, and keep it up to date until the result is called. */
export function follow(mayAlerts: boolean): () => void {
  void readCoverage();
  const timer = window.setInterval(() => void readCoverage(), COVERAGE_MS);
  get<BandPlanView>("/api/bandplan").then(
    (view) => (plan.value = view.rows),
    () => undefined, // the strip stays empty; nothing else hangs on it
  );
  const end = mayAlerts ? followAlerts() : null;
  return () => {
    clearInterval(timer);
    end?.();
  };
}

const pathOf = (sensor: string) => `/api/sensors/${encodeURIComponent(sensor)}/stare`;

export async function hold(csrf: string, sensor: string, hz: number, seconds: number, reason: string): Promise<StareView | null> {
  return (await send<StaringView>("POST", pathOf(sensor), csrf, { center_hz: hz, seconds, reason })).stare;
}

export async function release(csrf: string, sensor: string): Promise<void> {
  await send<StaringView>("DELETE", pathOf(sensor), csrf);
}

export const asApiError = (cause: unknown): ApiError =>
  cause instanceof ApiError ? cause : new ApiError("server-fault", 0, String(cause));
