import { useState } from "preact/hooks";
import { send } from "../../api/client";
import type { RuleSource, RulesView } from "../../api/schema";
import { get } from "../../api/client";
import { useDoing } from "../parts/load";
import { Refusal } from "../parts/Parts";
import { TryAt } from "./TryAt";
import { words } from "./words";

/** Saving a rule's text: everywhere, or at some venues first. */
export function Saving({
  id,
  text,
  was,
  venues,
  ready,
  saved,
}: {
  id: string;
  text: string;
  was: string | null;
  venues: readonly string[];
  ready: boolean;
  saved: (view: RulesView, digest: string | null) => void;
}) {
  const say = words.value;
  const doing = useDoing();
  const [at, setAt] = useState<readonly string[]>([]);
  const [done, setDone] = useState<string | null>(null);
  const save = async () => {
    const path = `/api/rules/${encodeURIComponent(id)}`;
    const answer = await doing.run(async (csrf) => {
      const view = await send<RulesView>("PUT", path, csrf, { text, was, venues: at });
      const source = await get<RuleSource>(path);
      return { view, digest: source.digest };
    });
    if (!answer) return;
    setDone(answer.view.trial ? say.savedTrial(answer.view.trial.number) : say.saved(answer.view.edition.number));
    saved(answer.view, answer.digest);
  };
  return (
    <>
      <TryAt venues={venues} at={at} setAt={setAt} />
      <div class="buttons">
        <button type="button" class="button" disabled={!ready || doing.busy} onClick={() => void save()}>
          {at.length ? say.saveAt(at.length) : say.save}
        </button>
        {!ready && !done && <small>{say.compareFirst}</small>}
      </div>
      {done && !doing.refusal && (
        <p role="status" data-testid="saved">
          ✓ {done}
        </p>
      )}
      <Refusal error={doing.refusal} />
    </>
  );
}
