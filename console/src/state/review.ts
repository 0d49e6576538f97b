/** Judging alerts: one key, one step; a verdict goes on to the next alert. */
import { batch, signal } from "@preact/signals";
import { ApiError, stepAlert, undoStep } from "../api/client";
import type { CaseDetail, SessionView, StepBody } from "../api/schema";
import { detail, retryDetail, select, selected, step, stream } from "./desk";
import { isPerson, who } from "./person";
import { stepped } from "./stream";

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
/** What `z` takes back. */
export const last = signal<{ fingerprint: string; caseId: string } | null>(null);
let busy = false;

export function reviewer(): SessionView | null {
  const person = who.value;
  return isPerson(person) && person.permissions.includes("review") ? person : null;
}

async function take(fingerprint: string, work: (csrf: string) => Promise<CaseDetail>): Promise<boolean> {
  const person = reviewer();
  if (!person || busy) return false;
  busy = true;
  try {
    const done = await work(person.csrf);
    batch(() => {
      refusal.value = null;
      last.value = { fingerprint, caseId: done.id };
      stream.value = stepped(stream.value, done);
    });
    return true;
  } catch (cause) {
    refusal.value = cause instanceof ApiError ? cause : new ApiError("server-fault", 0, String(cause));
    return false;
  } finally {
    busy = false;
  }
}

async function onSelected(body: Partial<StepBody>): Promise<boolean> {
  const fingerprint = selected.value;
  if (!fingerprint || detail.value?.fingerprint !== fingerprint) return false;
  return take(fingerprint, (csrf) => stepAlert(csrf, fingerprint, body));
}

export async function claim(): Promise<void> {
  if (await onSelected({ action: "claim" })) retryDetail();
}

export async function judge(verdict: Verdict): Promise<void> {
  const judged = selected.value;
  if (!(await onSelected({ action: "judge", verdict }))) return;
  if (selected.value === judged) step(1);
  // The last of the list has nothing after it: it shows what was decided.
  if (selected.value === judged) retryDetail();
}

export async function undo(): Promise<void> {
  const before = last.value;
  if (!before) return;
  if (!(await take(before.fingerprint, (csrf) => undoStep(csrf, before.caseId)))) return;
  last.value = null;
  if (selected.value === before.fingerprint) retryDetail();
  else select(before.fingerprint);
}
