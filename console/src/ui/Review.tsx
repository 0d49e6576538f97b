import type { AlertDetail } from "../api/schema";
import { t } from "../i18n";
import { now } from "../state/clock";
import { go } from "../state/page";
import { asking, claim, judge, last, refusal, reviewer, seen, undo, VERDICT_KEYS, VERDICTS } from "../state/review";
import { timeOfDay } from "../text/format";

/** What was decided of an alert, and the keys that decide. */
export function Review({ alert }: { alert: AlertDetail }) {
  const words = t.value.review;
  const inCase = alert.case;
  const held = inCase?.lease_until && Date.parse(inCase.lease_until) > now.value ? inCase : null;
  return (
    <section class="review" aria-label={words.title}>
      <p class="review-state" data-testid="review-state">
        {inCase ? (
          <>
            <a
              class="mono"
              href={`/cases/${inCase.id}`}
              title={words.openCase}
              data-testid="case-link"
              onClick={(event) => {
                if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                event.preventDefault();
                go(`/cases/${inCase.id}`);
              }}
            >
              {inCase.id}
            </a>{" "}
            {words.state[inCase.state] ?? inCase.state}
            {held && <span class="dim"> · {words.held(held.owner ?? "", timeOfDay(held.lease_until ?? ""))}</span>}
          </>
        ) : (
          <span class="dim">{words.none}</span>
        )}
        {alert.acked_by && (
          <span class="dim"> · {words.seenBy(alert.acked_by, timeOfDay(alert.acked_at ?? alert.updated_at))}</span>
        )}
      </p>
      {reviewer() && (
        <div class="review-keys">
          <button type="button" class="button" onClick={() => void claim()} data-testid="claim">
            <kbd>c</kbd> {words.claim}
          </button>
          {VERDICTS.map((verdict) => (
            <button
              type="button"
              class={`button ${inCase?.verdict === verdict ? "button-on" : ""}`}
              key={verdict}
              data-testid={`judge-${verdict}`}
              onClick={() => void judge(verdict)}
            >
              <kbd>{VERDICT_KEYS[verdict]}</kbd> {words.state[verdict]}
            </button>
          ))}
          <button
            type="button"
            class="button"
            data-testid="note"
            onClick={() => {
              asking.value = "note";
            }}
          >
            <kbd>e</kbd> {words.note}
          </button>
          <button
            type="button"
            class="button"
            data-testid="pass"
            onClick={() => {
              asking.value = "pass";
            }}
          >
            <kbd>p</kbd> {words.pass}
          </button>
          {!alert.acked_by && (
            <button type="button" class="button" data-testid="seen" onClick={() => void seen()}>
              <kbd>a</kbd> {words.seen}
            </button>
          )}
          {last.value && (
            <button type="button" class="button" onClick={() => void undo()} data-testid="undo">
              <kbd>z</kbd> {words.undo}
            </button>
          )}
        </div>
      )}
      {refusal.value && (
        <p class="review-refusal" role="alert" data-testid="refusal">
          {words.refused[refusal.value.code] ?? words.refused["other"]} <span class="dim">{refusal.value.message}</span>
        </p>
      )}
    </section>
  );
}
