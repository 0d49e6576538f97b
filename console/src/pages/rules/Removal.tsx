import { useState } from "preact/hooks";
import { send } from "../../api/client";
import type { ComparisonView, RulesView } from "../../api/schema";
import { useDoing } from "../parts/load";
import { Field, Refusal, Sheet } from "../parts/Parts";
import { Comparison } from "./Comparison";
import { TryAt } from "./TryAt";
import { words } from "./words";

/** Deleting a rule: first what would be lost with it is told, then a reason is asked for. */
export function Removal({ id, was, venues, removed }: { id: string; was: string; venues: readonly string[]; removed: () => void }) {
  const say = words.value;
  const doing = useDoing();
  const [lost, setLost] = useState<ComparisonView | null>(null);
  // Where there is no past to ask, nobody is kept from deleting.
  const noPast = doing.refusal?.code === "no-store";
  const [reason, setReason] = useState("");
  const [at, setAt] = useState<readonly string[]>([]);
  const path = `/api/rules/${encodeURIComponent(id)}/removal`;
  const ask = async () => {
    const view = await doing.run((csrf) => send<ComparisonView>("POST", `${path}/trial`, csrf));
    setLost(view);
  };
  const remove = async () => {
    if (await doing.run((csrf) => send<RulesView>("POST", path, csrf, { was, reason, venues: at }))) removed();
  };
  return (
    <Sheet title={say.remove} testid="removal">
      <p class="dim">{say.removeHint}</p>
      {!lost && !noPast && (
        <div class="buttons">
          <button type="button" class="button" disabled={doing.busy} onClick={() => void ask()}>
            {say.removeAsk}
          </button>
          {doing.busy && <span class="dim">{say.tracing}</span>}
        </div>
      )}
      {lost && <p class="caution">{say.removeLoses(lost.n_lost, lost.before.n_found - lost.after.n_found)}</p>}
      {(lost || noPast) && (
        <form
          class="form"
          onSubmit={(event) => {
            event.preventDefault();
            void remove();
          }}
        >
          <Field label={say.removeReason}>
            <input name="reason" required maxLength={500} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
          </Field>
          <TryAt venues={venues} at={at} setAt={setAt} />
          <div class="buttons">
            <button type="submit" class="button" disabled={doing.busy || !reason.trim()}>
              {at.length ? say.removeAt(at.length) : say.removeNow(id)}
            </button>
            <button
              type="button"
              class="button"
              onClick={() => {
                setLost(null);
                doing.forgive();
              }}
            >
              {say.removeKeep}
            </button>
          </div>
        </form>
      )}
      <Refusal error={doing.refusal} />
      {lost && <Comparison view={lost} />}
    </Sheet>
  );
}
