/** Judging alerts: one key, one step, for the selected alert or for all that are marked. */
import { batch, signal } from "@preact/signals";
import { acknowledge, ApiError, stepAlert, stepAlerts, undoStep } from "../api/client";
import type { CaseDetail, SessionView, StepBody, StepDone } from "../api/schema";
import { detail, forgetDetails, retryDetail, select, selected, step, stream } from "./desk";
import { clearMarks, marks } from "./marks";
import { isPerson, who } from "./person";
import { briefed, stepped } from "./stream";

export const VERDICTS = ["benign", "rumour", "scam", "suspected", "confirmed"] as const;
export type Verdict = (typeof VERDICTS)[number];
export const VERDICT_KEYS: Record<Verdict, string> = {
  benign: "b",
  rumour: "o",
  scam: "s",
  suspected: "u",
  confirmed: "y",
};

/** The last step that was refused, shown until the next. */
export const refusal = signal<ApiError | null>(null);
/** What `z` takes back: the last step, of one alert or of several. */
export const last = signal<{ fingerprint: string; caseIds: readonly string[] } | null>(null);
/** What became of a step with several alerts. */
export const outcome = signal<{ nDone: number; refused: readonly StepDone[] } | null>(null);
/** Which step is being written: a note, or to whom it is passed on. */
export const asking = signal<"note" | "pass" | null>(null);
/** The last verdict, for who hears the page and does not see the list move on. */
export const told = signal<{ verdict: Verdict; title: Record<string, string> } | null>(null);
let busy = false;

export function reviewer(): SessionView | null {
  const person = who.value;
  return isPerson(person) && person.permissions.includes("review") ? person : null;
}

async function guarded(work: (csrf: string) => Promise<void>): Promise<boolean> {
  const person = reviewer();
  if (!person || busy) return false;
  busy = true;
  try {
    await work(person.csrf);
    refusal.value = null;
    return true;
  } catch (cause) {
    refusal.value = cause instanceof ApiError ? cause : new ApiError("server-fault", 0, String(cause));
    return false;
  } finally {
    busy = false;
  }
}

function take(fingerprint: string, work: (csrf: string) => Promise<CaseDetail>): Promise<boolean> {
  return guarded(async (csrf) => {
    const done = await work(csrf);
    forgetDetails(done.alerts);
    batch(() => {
      last.value = { fingerprint, caseIds: [done.id] };
      stream.value = stepped(stream.value, done);
    });
  });
}

async function onSelected(body: Partial<StepBody>): Promise<boolean> {
  const fingerprint = selected.value;
  if (!fingerprint || detail.value?.fingerprint !== fingerprint) return false;
  return take(fingerprint, (csrf) => stepAlert(csrf, fingerprint, body));
}

/** The same step with all that are marked; who was refused stays marked. */
function onMarked(body: Partial<StepBody>): Promise<boolean> {
  const fingerprints = [...marks.value];
  return guarded(async (csrf) => {
    const { done } = await stepAlerts(csrf, { ...body, fingerprints });
    const refused = done.filter((one) => one.case === null);
    const taken = done.filter((one) => one.case !== null);
    forgetDetails(fingerprints);
    const caseIds = [...new Set(taken.map((one) => one.case?.id ?? ""))];
    batch(() => {
      stream.value = taken.reduce(
        (list, one) => (one.case ? briefed(list, one.fingerprint, one.case) : list),
        stream.value,
      );
      outcome.value = { nDone: taken.length, refused };
      marks.value = new Set(refused.map((one) => one.fingerprint));
      last.value = caseIds.length ? { fingerprint: taken[0]?.fingerprint ?? "", caseIds } : last.value;
    });
    retryDetail();
  });
}

/** A step with what is marked, else with what is selected; false where it was refused. */
export function stepOn(body: Partial<StepBody>): Promise<boolean> {
  return marks.value.size ? onMarked(body) : onSelected(body);
}

async function goOn(from: string | null): Promise<void> {
  if (selected.value === from) step(1);
  // The last of the list has nothing after it: it shows what was decided.
  if (selected.value === from) retryDetail();
}

export async function claim(): Promise<void> {
  const several = marks.value.size > 0;
  if ((await stepOn({ action: "claim" })) && !several) retryDetail();
}

export async function judge(verdict: Verdict): Promise<void> {
  const several = marks.value.size > 0;
  const judged = selected.value;
  const title = detail.value?.annotations ?? {};
  if ((await stepOn({ action: "judge", verdict })) && !several) {
    told.value = { verdict, title };
    await goOn(judged);
  }
}

/** A step with words; then, if asked, the next alert. */
export async function submit(body: Partial<StepBody>, andNext: boolean): Promise<boolean> {
  const several = marks.value.size > 0;
  const from = selected.value;
  if (!(await stepOn(body))) return false;
  asking.value = null;
  if (several) return true;
  if (andNext) await goOn(from);
  else retryDetail();
  return true;
}

/** Say that one has seen it. */
export async function seen(): Promise<void> {
  const fingerprint = selected.value;
  if (!fingerprint) return;
  if (await guarded(async (csrf) => void (await acknowledge(csrf, fingerprint)))) retryDetail();
}

export async function undo(): Promise<void> {
  const before = last.value;
  if (!before) return;
  const done = await guarded(async (csrf) => {
    for (const caseId of before.caseIds) {
      const back = await undoStep(csrf, caseId);
      forgetDetails(back.alerts);
      stream.value = stepped(stream.value, back);
    }
  });
  if (!done) return;
  last.value = null;
  outcome.value = null;
  if (selected.value === before.fingerprint) retryDetail();
  else select(before.fingerprint);
}

/** Escape: first what was told, then the marks, then the alert. */
export function stepBack(): void {
  if (outcome.value) outcome.value = null;
  else if (marks.value.size) clearMarks();
  else select(null);
}
