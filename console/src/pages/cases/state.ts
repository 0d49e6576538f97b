/** What the page shows and does: the board, one case, and the steps with it. */
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import { ApiError, get, send } from "../../api/client";
import type { AlertPage, AlertView, CaseDetail, CasePage, CaseView, DeskView, NextView, StepBody } from "../../api/schema";
import { now } from "../../state/clock";
import { onCase } from "../../state/desk";
import { at, go, restate } from "../../state/page";
import { isPerson, who } from "../../state/person";
import { areRead, defaultQuery } from "../../state/views";
import {
  ALL,
  COLUMNS,
  EMPTY,
  fromQuery,
  piled,
  queryOf,
  stepped,
  toPath,
  type Board,
  type Column,
  type Narrowing,
} from "./board";

const PAGE = 40;
const CASES = "/api/cases";
const REFRESH_MS = 500;

export type Loading = "loading" | "ready" | ApiError;

export const narrowing = signal<Narrowing>(ALL);
export const board = signal<Board>(EMPTY);
export const boardState = signal<Loading>("loading");
export const desk = signal<DeskView | null>(null);
export const one = signal<CaseDetail | null>(null);
export const oneState = signal<Loading>("loading");
export const alertsIn = signal<readonly AlertView[]>([]);
/** The last step that was refused, shown until the next. */
export const refusal = signal<ApiError | null>(null);
export const busy = signal(false);
/** What the board has shown since the page was opened: the choices of its filters. */
const seen = signal<readonly CaseView[]>([]);
export const venues = computed(() => choices(seen.value.map((each) => each.venue)));
export const owners = computed(() => choices(seen.value.map((each) => each.owner)));

function choices(values: readonly (string | null)[]): string[] {
  return [...new Set(values.filter((value): value is string => value !== null))].sort();
}

export const me = computed(() => (isPerson(who.value) ? who.value.name : ""));
export const mayStep = computed(() => isPerson(who.value) && who.value.permissions.includes("review"));
const csrf = () => (isPerson(who.value) ? who.value.csrf : "");
const pathOf = (id: string) => `${CASES}/${encodeURIComponent(id)}`;

export function asApiError(cause: unknown): ApiError {
  return cause instanceof ApiError ? cause : new ApiError("server-fault", 0, String(cause));
}

let reading: AbortController | null = null;

export async function readBoard(): Promise<void> {
  reading?.abort();
  const mine = new AbortController();
  reading = mine;
  const asked = narrowing.value;
  if (boardState.value !== "ready") boardState.value = "loading";
  const columns = asked.columns.length ? asked.columns : COLUMNS;
  try {
    const pages = await Promise.all(
      columns.map((column) => get<CasePage>(`${CASES}?${queryOf(column, asked, PAGE)}`, mine.signal)),
    );
    const read = { ...EMPTY };
    columns.forEach((column, i) => {
      const page = pages[i];
      if (page) read[column] = piled(column, page.cases, page);
    });
    batch(() => {
      board.value = read;
      boardState.value = "ready";
      note(pages.flatMap((page) => page.cases));
    });
  } catch (cause) {
    if (!mine.signal.aborted) boardState.value = asApiError(cause);
  }
}

function note(cases: readonly CaseView[]): void {
  const known = new Map([...seen.value, ...cases].map((each) => [each.id, each]));
  seen.value = [...known.values()].slice(-500);
}

export async function readMore(column: Column): Promise<void> {
  const pile = board.value[column];
  if (!pile.nextCursor) return;
  const query = queryOf(column, narrowing.value, PAGE);
  query.set("cursor", pile.nextCursor);
  try {
    const page = await get<CasePage>(`${CASES}?${query}`);
    if (board.value[column].nextCursor !== pile.nextCursor) return;
    const cases = [...board.value[column].cases, ...page.cases];
    board.value = { ...board.value, [column]: piled(column, cases, page) };
  } catch (cause) {
    boardState.value = asApiError(cause);
  }
}

export function narrow(change: Partial<Narrowing>): void {
  restate(toPath({ ...narrowing.value, ...change }));
}

async function readOne(id: string): Promise<void> {
  if (one.value?.id !== id) {
    batch(() => {
      one.value = null;
      alertsIn.value = [];
      refusal.value = null;
      oneState.value = "loading";
    });
  }
  try {
    const query = new URLSearchParams({ case: id, limit: "200" });
    const [whole, page] = await Promise.all([
      get<CaseDetail>(pathOf(id)),
      get<AlertPage>(`/api/alerts?${query}`),
    ]);
    if (at.value.open !== id) return;
    batch(() => {
      // A step taken meanwhile has answered already with something newer.
      if (one.value?.id !== id || whole.version >= one.value.version) one.value = whole;
      alertsIn.value = page.alerts;
      oneState.value = "ready";
    });
  } catch (cause) {
    if (at.value.open === id) oneState.value = asApiError(cause);
  }
}

export const reread = () => {
  if (at.value.open) void readOne(at.value.open);
};

/** Do one thing with the open case; its answer is the case as it is then. */
async function change(work: () => Promise<CaseDetail>): Promise<CaseDetail | null> {
  if (busy.value) return null;
  busy.value = true;
  try {
    const done = await work();
    refusal.value = null;
    return done;
  } catch (cause) {
    refusal.value = asApiError(cause);
    // What was shown is not what is: the refusal is read beside the truth.
    reread();
    return null;
  } finally {
    busy.value = false;
  }
}

export async function take(step: Partial<StepBody>): Promise<boolean> {
  const shown = one.value;
  if (!shown) return false;
  const done = await change(() =>
    send<CaseDetail>("POST", `${pathOf(shown.id)}/steps`, csrf(), { ...step, version: shown.version }),
  );
  if (done) one.value = done;
  return done !== null;
}

export async function undo(): Promise<void> {
  const shown = one.value;
  if (!shown) return;
  const done = await change(() => send<CaseDetail>("POST", `${pathOf(shown.id)}/undo`, csrf()));
  if (!done) return;
  // What a split had made ends by being undone: one goes on with what it came from.
  if (done.id !== shown.id) return go(`/cases/${done.id}`);
  one.value = done;
  reread();
}

export async function link(fingerprints: readonly string[]): Promise<void> {
  const shown = one.value;
  if (!shown) return;
  const done = await change(() => send<CaseDetail>("POST", `${pathOf(shown.id)}/alerts`, csrf(), { fingerprints }));
  if (done) one.value = done;
  reread();
}

export async function merge(other: string): Promise<boolean> {
  const shown = one.value;
  if (!shown) return false;
  const done = await change(() => send<CaseDetail>("POST", `${pathOf(shown.id)}/merge`, csrf(), { case: other }));
  if (done) one.value = done;
  reread();
  return done !== null;
}

/** The new case is opened: that is what one goes on with. */
export async function split(fingerprints: readonly string[]): Promise<void> {
  const shown = one.value;
  if (!shown) return;
  const done = await change(() => send<CaseDetail>("POST", `${pathOf(shown.id)}/split`, csrf(), { fingerprints }));
  if (done) go(`/cases/${done.id}`);
}

/** Claim what waits longest among the gravest; false where nothing waits. */
export async function claimNext(): Promise<boolean> {
  try {
    const next = await send<NextView>("POST", `${CASES}/next`, csrf(), { kinds: [] });
    if (!next.case) return false;
    go(`/cases/${next.case.id}`);
  } catch (cause) {
    boardState.value = asApiError(cause);
  }
  return true;
}

export async function search(text: string, signal: AbortSignal): Promise<CaseView[]> {
  const query = new URLSearchParams({ q: text, open: "true", limit: "8" });
  return (await get<CasePage>(`${CASES}?${query}`, signal)).cases;
}

export function departmentName(id: string, language: "en" | "zh"): string {
  return desk.value?.departments.find((each) => each.id === id)?.[language] ?? id;
}

let refreshTimer = 0;
function refreshSoon(): void {
  refreshTimer ||= window.setTimeout(() => {
    refreshTimer = 0;
    if (at.value.open) reread();
    else void readBoard();
  }, REFRESH_MS);
}

/** The default view is for who comes to the board first, not for who clears its filters. */
let opened = false;

/** While the page is open. The result ends it. */
export function watch(): () => void {
  get<DeskView>("/api/desk").then(
    (view) => {
      desk.value = view;
    },
    () => undefined, // names stay as the case has them
  );
  const endEvents = onCase((step) => {
    if (!step) return refreshSoon();
    note([step]);
    board.value = stepped(board.value, step, narrowing.value, now.value);
    if (step.id === at.value.open && step.version > (one.value?.version ?? 0)) refreshSoon();
  });
  const endAddress = effect(() => {
    const { page, open, query } = at.value;
    if (page !== "cases") return;
    if (!areRead.value && !opened && !open && !location.search) return;
    untracked(() => {
      if (open) return void readOne(open);
      const opensWith = opened || location.search ? null : defaultQuery("cases");
      opened = true;
      if (opensWith) return restate(`/cases?${opensWith}`);
      narrowing.value = fromQuery(query);
      void readBoard();
    });
  });
  return () => {
    endEvents();
    endAddress();
    clearTimeout(refreshTimer);
    refreshTimer = 0;
  };
}
