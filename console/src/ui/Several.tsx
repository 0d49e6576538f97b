import { useLayoutEffect, useRef } from "preact/hooks";
import { prose, t } from "../i18n";
import { select, stream } from "../state/desk";
import { clearMarks, nMarked } from "../state/marks";
import { judge, last, outcome, reviewer, undo, VERDICT_KEYS, VERDICTS } from "../state/review";

const MOST_SHOWN = 6;

/** What is done with several alerts at once, and what became of it. It lies over the list: no row moves. */
export function Several({ covers }: { covers: (px: number) => void }) {
  const words = t.value.several;
  const box = useRef<HTMLDivElement>(null);
  // After each change of what it tells: its height is what it covers.
  useLayoutEffect(() => covers(box.current?.offsetHeight ?? 0));
  const reasons = t.value.review.refused;
  const done = outcome.value;
  if (!reviewer() || (nMarked.value === 0 && !done)) return null;
  const titleOf = (fingerprint: string) => {
    const row = stream.value.rows.find((one) => one.fingerprint === fingerprint);
    return row ? prose(row.annotations, "title") : fingerprint;
  };
  return (
    <div class="several" ref={box} data-testid="several" role="region" aria-label={words.title}>
      {done && (
        <div class="several-outcome" role="status" data-testid="outcome">
          <p>
            <strong>{words.done(done.nDone)}</strong>
            {done.refused.length > 0 && <span class="odd"> · {words.refused(done.refused.length)}</span>}
            {last.value && (
              <button type="button" class="link" onClick={() => void undo()}>
                <kbd>z</kbd> {words.undo}
              </button>
            )}
            <button
              type="button"
              class="link several-close"
              onClick={() => {
                outcome.value = null;
              }}
            >
              {words.close} ✕
            </button>
          </p>
          <ul>
            {done.refused.slice(0, MOST_SHOWN).map((one) => (
              <li key={one.fingerprint}>
                <button type="button" class="link" onClick={() => select(one.fingerprint)}>
                  {titleOf(one.fingerprint)}
                </button>{" "}
                {reasons[one.code ?? "other"] ?? reasons["other"]} <span class="dim">{one.error}</span>
              </li>
            ))}
            {done.refused.length > MOST_SHOWN && <li class="dim">{words.more(done.refused.length - MOST_SHOWN)}</li>}
          </ul>
        </div>
      )}
      {nMarked.value > 0 && (
        <div class="several-bar">
          <strong data-testid="n-marked">{words.marked(nMarked.value)}</strong>
          {VERDICTS.map((verdict) => (
            <button
              type="button"
              class="button"
              key={verdict}
              data-testid={`all-${verdict}`}
              onClick={() => void judge(verdict)}
            >
              <kbd>{VERDICT_KEYS[verdict]}</kbd>
              {t.value.review.state[verdict]}
            </button>
          ))}
          <button type="button" class="link" onClick={clearMarks}>
            {words.clear}
          </button>
        </div>
      )}
    </div>
  );
}
