/** Which steps are shown as buttons, in which order, and what each asks for. Pure. */
import type { CaseDetail, CaseEventView } from "../../api/schema";

export type Action = CaseDetail["possible"][number];
export const VERDICTS = ["benign", "rumour", "scam", "suspected", "confirmed"] as const;
export const OUTCOMES = ["found", "lost", "stopped"] as const;

/** These have places of their own on the page. */
const ELSEWHERE: readonly Action[] = ["note", "task", "task-done", "check", "uncheck"];
const ORDER: readonly Action[] = [
  "claim", "verify", "triage", "notify", "acknowledge", "arrive", "seal", "transfer", "close", "release", "review",
  "reopen", "judge", "finish",
];
export const NEEDS_DEPARTMENT: readonly Action[] = ["notify", "transfer"];

/** The step that usually comes next; the others are there too. */
const USUAL: Partial<Record<CaseDetail["state"], Action>> = {
  new: "claim",
  triaged: "claim",
  claimed: "judge",
  verifying: "judge",
  benign: "close",
  rumour: "notify",
  scam: "notify",
  suspected: "notify",
  confirmed: "notify",
  notified: "acknowledge",
  acknowledged: "arrive",
  "on-scene": "finish",
  found: "seal",
  lost: "close",
  stopped: "close",
  sealed: "close",
  transferred: "close",
  closed: "review",
};

/** The usual next step first; the order of the others stays. */
export function buttons(possible: readonly Action[], next: Action | null): Action[] {
  const shown = ORDER.filter((action) => possible.includes(action) && !ELSEWHERE.includes(action));
  return next ? [next, ...shown.filter((action) => action !== next)] : shown;
}

export function usual(one: CaseDetail): Action | null {
  const next = USUAL[one.state];
  return next && one.possible.includes(next) ? next : null;
}

/** The last step, while `me` took it, it is fresh, and it is one that can be undone. */
export function undoable(one: CaseDetail, me: string, now: number): CaseEventView | null {
  const last = one.events.at(-1);
  const fresh = last && last.actor === me && now - Date.parse(last.at) < UNDO_MS;
  return fresh && !isFinal(last) ? last : null;
}

export const UNDO_MS = 15 * 60_000;

/** A case that was split off is opened by the split, which can be undone from there too. */
function isFinal(event: CaseEventView): boolean {
  return event.action === "opened" ? !event.body["from"] : ["link", "undo"].includes(event.action);
}

/** Who said confirmed, and when, as far as it still counts. */
export function confirmations(one: CaseDetail): { name: string; at: string }[] {
  return one.confirmed_by.map((name) => {
    const said = one.events.findLast(
      (event) => event.actor === name && event.action === "judge" && event.body["verdict"] === "confirmed",
    );
    return { name, at: said?.at ?? one.judged_at ?? one.updated_at };
  });
}

/** The instant of a ``datetime-local`` field, as the server wants it; null where there is none. */
export function instantOf(local: string): string | null {
  const at = new Date(local);
  return local && Number.isFinite(at.getTime()) ? at.toISOString() : null;
}

/** An instant as a ``datetime-local`` field wants it. */
export function localOf(instant: number): string {
  const at = new Date(instant);
  const pad = (n: number) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}T${pad(at.getHours())}:${pad(at.getMinutes())}`;
}

