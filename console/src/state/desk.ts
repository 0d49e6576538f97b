/** The console's state and what may happen to it. Components read the signals and call the functions. */
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import { ApiError, getAlert, getFields, listAlerts } from "../api/client";
import { LiveStream, type Connection } from "../api/live";
import type { AlertDetail, AlertView, CaseView, FieldView, HealthView } from "../api/schema";
import { setServerTime } from "./clock";
import { at, restate } from "./page";
import { fromUrl, toPath, toQuery, type Filters } from "./filters";
import { Kept } from "./kept";
import { append, arrive, EMPTY, fromPage, isLong, neighbour, release, stepped, type Stream } from "./stream";

const PAGE = 100;
const RETRY_MS = 4_000;
const REFRESH_MS = 700;
/** Rows beside the open one whose whole is read before it is asked for, the likeliest first. */
const AHEAD = [1, 2, -1];
/** The stream tells each change; what it does not tell (who has seen it) may be so old. */
const FRESH_MS = 15_000;

type Loading = "loading" | "ready" | ApiError;

const place = fromUrl(new URL(location.href));
export const filters = signal<Filters>(place.filters);
export const selected = signal<string | null>(place.selected);
export const stream = signal<Stream>(EMPTY);
export const listState = signal<Loading>("loading");
export const detail = signal<AlertDetail | null>(null);
export const detailState = signal<Loading>("ready");
/** What is shown is as far as the list has it; the rest is on its way. */
export const partial = signal(false);
export const health = signal<HealthView | null>(null);
export const connection = signal<Connection>({ state: "connecting" });
export const fields = signal<Record<string, Record<string, FieldView>>>({});
export const scrolled = signal(false);
export const pointed = signal(false);
export const helpOpen = signal(false);
export const framed = signal(true);
export const held = computed(() => scrolled.value || pointed.value || selected.value !== null);

let live: LiveStream | null = null;
let listing: AbortController | null = null;
let loadingMore = false;
/** What came while a list was on its way: the list may have been read before it. */
const duringListing: AlertView[] = [];
let reading: AbortController | null = null;
const details = new Kept<AlertDetail>({ most: 16, freshMs: FRESH_MS, now: () => performance.now() });
let retryTimer = 0;
let refreshTimer = 0;

effect(() => {
  const path = toPath({ filters: filters.value, selected: selected.value });
  // Another page has an address of its own.
  if (at.peek().page === "review") restate(path);
});
/** A link, or the browser's buttons, led to another list; a bare address keeps the one that was open. */
effect(() => {
  if (at.value.page !== "review") return;
  untracked(() => {
    const asked = fromUrl(new URL(location.href));
    if (location.search && String(toQuery(asked.filters)) !== String(toQuery(filters.value))) {
      filters.value = asked.filters;
      if (live) void reload();
    }
    if (asked.selected) select(asked.selected);
    restate(toPath({ filters: filters.value, selected: selected.value }));
  });
});

function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError("server-fault", 0, String(error));
}

function query(): URLSearchParams {
  const asked = toQuery(filters.value);
  asked.set("limit", String(PAGE));
  return asked;
}

/** Read the list anew; the first time, open the stream where the list ends. */
export async function reload(): Promise<void> {
  clearTimeout(retryTimer);
  listing?.abort();
  const mine = new AbortController();
  listing = mine;
  duringListing.length = 0;
  if (listState.value !== "ready") listState.value = "loading";
  try {
    const page = await listAlerts(query(), mine.signal);
    batch(() => {
      stream.value = duringListing.reduce(
        (list, alert) => arrive(list, alert, filters.value, false),
        fromPage(page),
      );
      listState.value = "ready";
    });
    listing = null;
    if (!live) openLive(page.live_id);
  } catch (error) {
    if (mine.signal.aborted) return;
    listing = null;
    listState.value = asApiError(error);
    retryTimer = window.setTimeout(() => void reload(), RETRY_MS);
  }
}

export async function loadMore(): Promise<void> {
  const cursor = stream.value.nextCursor;
  if (!cursor || listing || loadingMore) return;
  loadingMore = true;
  const asked = query();
  asked.set("cursor", cursor);
  try {
    const page = await listAlerts(asked);
    if (!listing && stream.value.nextCursor === cursor) stream.value = append(stream.value, page);
  } catch (error) {
    if (error instanceof ApiError && error.code === "bad-cursor") void reload();
  } finally {
    loadingMore = false;
  }
}

const caseListeners = new Set<(step: CaseView | null) => void>();

/** Hear each step with a case; null: so much was missed that all must be read anew. The result ends it. */
export function onCase(hear: (step: CaseView | null) => void): () => void {
  caseListeners.add(hear);
  return () => caseListeners.delete(hear);
}

const hearers = new Set<(alert: AlertView) => void>();

/** Every alert that the stream brings, whatever the list shows; the result ends it. */
export function onAlert(hear: (alert: AlertView) => void): () => void {
  hearers.add(hear);
  return () => hearers.delete(hear);
}

function openLive(position: number): void {
  live = new LiveStream(
    {
      alert: (alert) => {
        details.drop(alert.fingerprint);
        if (listing) duringListing.push(alert);
        stream.value = arrive(stream.value, alert, filters.value, held.value);
        // A list that grew for hours begins anew at its top, while nobody is at it.
        if (!listing && !held.value && isLong(stream.value)) void reload();
        if (alert.fingerprint === selected.value) refreshSoon();
        for (const hear of hearers) hear(alert);
      },
      case: (step) => {
        details.drop(...step.alerts);
        stream.value = stepped(stream.value, step);
        if (selected.value && step.alerts.includes(selected.value)) refreshSoon();
        for (const hear of caseListeners) hear(step);
      },
      health: (view) => {
        health.value = view;
        setServerTime(Date.parse(view.now));
      },
      clock: setServerTime,
      resync: () => {
        details.clear();
        void reload();
        for (const hear of caseListeners) hear(null);
      },
      connection: (state) => {
        if (state.state === "lost") details.clear();
        connection.value = state;
      },
    },
    {
      open: (url) => new EventSource(url),
      now: () => Date.now(),
      later: (run, ms) => window.setTimeout(run, ms),
      cancel: (timer) => clearTimeout(timer),
    },
    position,
  );
  live.start();
}

/** A storm on one alert reads it once, not a hundred times. */
function refreshSoon(): void {
  refreshTimer ||= window.setTimeout(() => {
    refreshTimer = 0;
    void readSelected();
  }, REFRESH_MS);
}

/** Show it as it was read lately, or as far as the list has it; false where neither knows it. */
function showAtOnce(fingerprint: string): boolean {
  const whole = details.get(fingerprint);
  const row = whole ?? stream.peek().rows.find((one) => one.fingerprint === fingerprint);
  if (whole) show(whole);
  else if (row) show({ ...row, events: [row.event] }, true);
  return row !== undefined;
}

function show(whole: AlertDetail, isPart = false): void {
  batch(() => {
    detail.value = whole;
    detailState.value = "ready";
    partial.value = isPart;
  });
}

async function readSelected(): Promise<void> {
  reading?.abort();
  const fingerprint = selected.value;
  if (!fingerprint) {
    detail.value = null;
    return;
  }
  const mine = new AbortController();
  reading = mine;
  if (detail.value?.fingerprint !== fingerprint) {
    if (!showAtOnce(fingerprint)) detailState.value = "loading";
    else if (details.isFresh(fingerprint)) return readAhead(mine.signal);
  }
  try {
    show(await details.read(fingerprint, () => getAlert(fingerprint, mine.signal)));
    await readAhead(mine.signal);
  } catch (error) {
    if (!mine.signal.aborted) detailState.value = asApiError(error);
  }
}

/** So that the next one does not wait for the network: one after the other, given up when somebody goes on. */
async function readAhead(signal: AbortSignal): Promise<void> {
  for (const by of AHEAD) {
    const next = neighbour(stream.peek(), selected.peek(), by);
    if (!next || next === selected.peek() || details.isFresh(next)) continue;
    try {
      await details.read(next, () => getAlert(next, signal));
    } catch {
      return; // nobody has asked for it yet: who opens it is told
    }
  }
}

/** What was just done to them is not told of what was read before. */
export function forgetDetails(fingerprints: readonly string[]): void {
  details.drop(...fingerprints);
}

export function select(fingerprint: string | null): void {
  if (fingerprint === selected.value) return;
  selected.value = fingerprint;
  void readSelected();
}

export const retryDetail = () => void readSelected();

/** j and k: walking starts at the top, and what waits is let in before the first step. */
export function step(by: number): void {
  if (selected.value === null) stream.value = release(stream.value);
  const to = neighbour(stream.value, selected.value, by);
  if (to) select(to);
}

export function showWaiting(): void {
  const released = release(stream.value);
  // More than was kept waits, or the list would become endless: it is read anew from its top.
  if (stream.value.nCut > 0 || isLong(released)) void reload();
  else stream.value = released;
}

export function narrow(change: Partial<Filters>): void {
  filters.value = { ...filters.value, ...change };
  void reload();
}

export function start(): void {
  void reload();
  void readSelected();
  getFields().then(
    (tables) => {
      const byName = (list: FieldView[]) => Object.fromEntries(list.map((field) => [field.name, field]));
      fields.value = { radio: byName(tables.radio), web: byName(tables.web) };
    },
    () => undefined, // names stay as the event has them
  );
}
