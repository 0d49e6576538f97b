/** Small pieces that the board and a case share. */
import type { ApiError } from "../../api/client";
import type { CaseView } from "../../api/schema";
import { now } from "../../state/clock";
import { go } from "../../state/page";
import { countdown } from "../../text/format";
import { isLate } from "./board";
import { me } from "./state";
import { w } from "./words";

const DAYS_FROM_MS = 48 * 3600_000;

/** A length of time counted down, in days where hours no longer say anything. */
export function lasting(ms: number): string {
  return ms < DAYS_FROM_MS ? countdown(ms) : w.value.days(Math.floor(ms / (24 * 3600_000)));
}

/** A link of the console: followed here, unless the browser is asked to open it elsewhere. */
export function follow(event: MouseEvent, path: string): void {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go(path);
}

/** The time that is left for the next step, counted down; what is late says so in words. */
export function DueMark({ one }: { one: CaseView }) {
  const words = w.value;
  if (!one.due_at) return null;
  const left = Date.parse(one.due_at) - now.value;
  const late = isLate(one, now.value);
  return (
    <span class={`num case-due ${late ? "case-late" : ""}`} data-testid="due">
      {late ? `⚠ ${words.lateBy(lasting(-left))}` : words.dueIn(lasting(left))}
    </span>
  );
}

/** Who holds it, and for how long yet. */
export function Holder({ one, short = false }: { one: CaseView; short?: boolean }) {
  const words = w.value;
  const left = one.lease_until ? Date.parse(one.lease_until) - now.value : 0;
  if (one.owner && left > 0) {
    const told = one.owner === me.value ? words.heldByYou(lasting(left)) : words.held(one.owner, lasting(left));
    return (
      <span class="num case-held" data-testid="holder">
        {short ? `● ${one.owner}` : `● ${told}`}
      </span>
    );
  }
  const last = one.owner ? (short ? one.owner : words.heldLast(one.owner)) : short ? "" : words.notHeld;
  return (
    <span class="dim" data-testid="holder">
      {last}
    </span>
  );
}

export function Refusal({ error }: { error: ApiError | null }) {
  if (!error) return null;
  const words = w.value.refused;
  return (
    <p class="review-refusal" role="alert" data-testid="case-refusal">
      {words[error.code] ?? words["other"]} <span class="dim">{error.message}</span>
    </p>
  );
}
