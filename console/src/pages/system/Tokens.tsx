import { useState } from "preact/hooks";
import { send } from "../../api/client";
import type { SessionView, TokensView, TokenView } from "../../api/schema";
import { now } from "../../state/clock";
import { isPerson, who } from "../../state/person";
import { when } from "../../text/format";
import { useDoing, useLoad } from "../parts/load";
import { Field, Refusal, Sheet, Shown, TableBox } from "../parts/Parts";
import { Once } from "./People";
import { words } from "./words";

type Permission = SessionView["permissions"][number];

function NewKey({ make }: { make: (body: object) => Promise<boolean> }) {
  const say = words.value;
  const me = isPerson(who.value) ? who.value : null;
  const [name, setName] = useState(me?.name ?? "");
  const [note, setNote] = useState("");
  const [days, setDays] = useState(30);
  const [may, setMay] = useState<ReadonlySet<Permission>>(new Set(["alerts"]));
  const toggle = (permission: Permission) => {
    const next = new Set(may);
    if (!next.delete(permission)) next.add(permission);
    setMay(next);
  };
  return (
    <form
      class="form"
      data-testid="new-key"
      onSubmit={(event) => {
        event.preventDefault();
        void make({ name: name.trim(), note: note.trim(), days, permissions: [...may] }).then((done) => done && setNote(""));
      }}
    >
      <Field label={say.name}>
        <input name="name" value={name} required onInput={(event) => setName(event.currentTarget.value)} />
      </Field>
      <Field label={say.note}>
        <input name="note" value={note} required onInput={(event) => setNote(event.currentTarget.value)} />
      </Field>
      <Field label={say.days}>
        <input
          name="days"
          type="number"
          min={1}
          max={400}
          value={days}
          onInput={(event) => setDays(Number(event.currentTarget.value))}
        />
      </Field>
      <fieldset class="checks">
        <legend>{say.may}</legend>
        {me?.permissions.map((permission) => (
          <label key={permission} class="check">
            <input type="checkbox" checked={may.has(permission)} onChange={() => toggle(permission)} />
            {say.permission[permission] ?? permission}
          </label>
        ))}
      </fieldset>
      <button class="button button-main">{say.make}</button>
    </form>
  );
}

export function Tokens() {
  const say = words.value;
  const lasting = useLoad<TokensView>("/api/tokens");
  const doing = useDoing();
  const [once, setOnce] = useState<string | null>(null);
  const make = async (body: object): Promise<boolean> => {
    const made = await doing.run((csrf) => send<TokenView>("POST", "/api/tokens", csrf, body));
    if (!made) return false;
    setOnce(made.token);
    lasting.reload();
    return true;
  };
  const end = async (id: string) => {
    const left = await doing.run((csrf) => send<TokensView>("DELETE", `/api/tokens/${encodeURIComponent(id)}`, csrf));
    if (left) lasting.put(left);
  };
  return (
    <>
      {once && <Once title={say.onceKey} secret={once} hint={say.onceKeyHint} done={() => setOnce(null)} />}
      <Sheet title={say.tokens} testid="tokens">
        <p class="dim">{say.tokensHint}</p>
        <Refusal error={doing.refusal} />
        <Shown of={lasting}>
          {({ tokens }) =>
            tokens.length === 0 ? (
              <p class="dim">{say.noTokens}</p>
            ) : (
              <TableBox name={say.tokens}>
                <table>
                  <thead>
                    <tr>
                      <th>{say.name}</th>
                      <th>{say.note}</th>
                      <th>{say.may}</th>
                      <th>{say.created}</th>
                      <th>{say.expires}</th>
                      <th>
                        <span class="hidden">{say.endKey}</span>
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {tokens.map((one) => (
                      <tr key={one.id}>
                        <td class="nowrap">{one.name}</td>
                        <td class="wide">{one.note}</td>
                        <td>{one.permissions.map((permission) => say.permission[permission] ?? permission).join(", ")}</td>
                        <td class="num nowrap">{when(one.created_at, now.value)}</td>
                        <td class="num nowrap">{when(one.expires_at, now.value)}</td>
                        <td class="right">
                          <button type="button" class="button" aria-label={`${say.endKey}: ${one.note || one.id}`} onClick={() => void end(one.id)}>
                            {say.endKey}
                          </button>
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </TableBox>
            )
          }
        </Shown>
      </Sheet>
      <Sheet title={say.make}>
        <NewKey make={make} />
      </Sheet>
    </>
  );
}
