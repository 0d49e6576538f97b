import { useState } from "preact/hooks";
import { send } from "../../api/client";
import type { SilencedView, SilencesView } from "../../api/schema";
import { now } from "../../state/clock";
import { when } from "../../text/format";
import { mayI, useDoing, useLoad, type Loaded } from "../parts/load";
import { Field, Refusal, Sheet, Shown, TableBox } from "../parts/Parts";
import { instantOf, localOf, matchersOf } from "./silence";
import { words } from "./words";

const HOUR_MS = 3_600_000;

function Lasting({ of }: { of: Loaded<SilencesView> }) {
  const say = words.value;
  const doing = useDoing();
  const mayEnd = mayI("silence");
  const end = async (id: string) => {
    const left = await doing.run((csrf) => send<SilencesView>("DELETE", `/api/silences/${encodeURIComponent(id)}`, csrf));
    if (left) of.put(left);
  };
  return (
    <Sheet title={say.silences} testid="silences">
      <p class="dim">{say.silencesHint}</p>
      <Refusal error={doing.refusal} />
      <Shown of={of}>
        {({ silences }) =>
          silences.length === 0 ? (
            <p class="dim">{say.noSilences}</p>
          ) : (
            <TableBox name={say.silences}>
              <table>
                <thead>
                  <tr>
                    <th>{say.what}</th>
                    <th>{say.why}</th>
                    <th>{say.author}</th>
                    <th>{say.until}</th>
                    {mayEnd && (
                      <th>
                        <span class="hidden">{say.end}</span>
                      </th>
                    )}
                  </tr>
                </thead>
                <tbody>
                  {silences.map((one) => (
                    <tr key={one.id}>
                      <td class="mono wide">{one.matchers.join(", ")}</td>
                      <td class="wide">{one.reason}</td>
                      <td>{one.author}</td>
                      <td class="num nowrap">{when(one.ends_at, now.value)}</td>
                      {mayEnd && (
                        <td class="right">
                          {one.barred ? (
                            <span class="dim" data-testid="not-yours">
                              {say.barred[one.barred]}
                            </span>
                          ) : (
                            <button type="button" class="button" aria-label={`${say.end}: ${one.reason}`} onClick={() => void end(one.id)}>
                              {say.end}
                            </button>
                          )}
                        </td>
                      )}
                    </tr>
                  ))}
                </tbody>
              </table>
            </TableBox>
          )
        }
      </Shown>
    </Sheet>
  );
}

function Make({ made }: { made: () => void }) {
  const say = words.value;
  const doing = useDoing();
  const [matchers, setMatchers] = useState("");
  const [reason, setReason] = useState("");
  const [until, setUntil] = useState(() => localOf(now.value + 2 * HOUR_MS));
  const [tried, setTried] = useState<{ of: string; n: number } | null>(null);
  const ask = async (tryOnly: boolean) => {
    const body = { matchers: matchersOf(matchers), reason, ends_at: instantOf(until), try_only: tryOnly };
    const answer = await doing.run((csrf) => send<SilencedView>("POST", "/api/silences", csrf, body));
    if (!answer) return;
    setTried({ of: matchers, n: answer.n_hidden });
    if (!answer.silence) return;
    setMatchers("");
    setReason("");
    setTried(null);
    made();
  };
  return (
    <Sheet title={say.silence} testid="silence">
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void ask(false);
        }}
      >
        <Field label={say.matchers} hint={say.matchersHint}>
          <textarea
            class="mono"
            name="matchers"
            rows={3}
            required
            spellcheck={false}
            value={matchers}
            onInput={(event) => setMatchers(event.currentTarget.value)}
          />
        </Field>
        <Field label={say.why}>
          <input name="reason" required value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
        </Field>
        <Field label={say.until}>
          <input name="until" type="datetime-local" required value={until} onInput={(event) => setUntil(event.currentTarget.value)} />
        </Field>
        <div class="buttons">
          <button type="button" class="button" disabled={doing.busy} onClick={() => void ask(true)}>
            {say.tryIt}
          </button>
          {/* What it hides has been seen first. */}
          <button class="button button-main" disabled={doing.busy || tried?.of !== matchers}>
            {say.doIt}
          </button>
        </div>
      </form>
      {tried && tried.of === matchers && (
        <p role="status" data-testid="hidden">
          {say.hidden(tried.n)}
        </p>
      )}
      <Refusal error={doing.refusal} />
    </Sheet>
  );
}

export function Silences() {
  const silences = useLoad<SilencesView>("/api/silences", 15_000);
  return (
    <>
      <Lasting of={silences} />
      {mayI("silence") && <Make made={silences.reload} />}
    </>
  );
}
