import { useState } from "preact/hooks";
import { send } from "../../api/client";
import type { FleetView, InvitedView } from "../../api/schema";
import { language } from "../../i18n";
import { now } from "../../state/clock";
import { when } from "../../text/format";
import { Coded } from "../../ui/Coded";
import { useDoing } from "../parts/load";
import { Field, Refusal, Sheet } from "../parts/Parts";
import { words } from "./words";

function Code({ invited, done }: { invited: InvitedView; done: () => void }) {
  const say = words.value;
  return (
    <div class="once" role="status" data-testid="code">
      <strong>{say.code(invited.node)}</strong>
      <code>{invited.code}</code>
      <p>{say.codeHint(when(invited.expires_at, now.value))}</p>
      <p class="mono wide">sudo -u examwatch examwatch sensor enrol {location.origin} - --out /etc/examwatch/node</p>
      <button type="button" class="button button-main" onClick={done}>
        {say.have}
      </button>
    </div>
  );
}

/** A code for one machine at one venue, shown once. */
export function Invite({ venues, made }: { venues: FleetView["venues"]; made: () => void }) {
  const say = words.value;
  const doing = useDoing();
  const [node, setNode] = useState("");
  const [venue, setVenue] = useState(venues[0]?.id ?? "");
  const [hours, setHours] = useState(8);
  const [invited, setInvited] = useState<InvitedView | null>(null);
  const make = async () => {
    const answer = await doing.run((csrf) => send<InvitedView>("POST", "/api/fleet/invites", csrf, { node: node.trim(), venue: venue.trim(), hours }));
    if (!answer) return;
    setInvited(answer);
    setNode("");
    made();
  };
  return (
    <Sheet title={say.invite} testid="invite">
      <p class="dim">
        <Coded text={say.inviteHint} />
      </p>
      {invited && <Code invited={invited} done={() => setInvited(null)} />}
      <Refusal error={doing.refusal} />
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <Field label={say.venue}>
          {venues.length > 0 ? (
            <select name="venue" value={venue} onChange={(event) => setVenue(event.currentTarget.value)}>
              {venues.map((one) => (
                <option key={one.id} value={one.id}>
                  {language.value === "zh" ? one.name_zh : one.name_en}
                </option>
              ))}
            </select>
          ) : (
            <input name="venue" value={venue} required onInput={(event) => setVenue(event.currentTarget.value)} />
          )}
        </Field>
        <Field label={say.name} hint={say.nameHint}>
          <input name="node" class="mono" value={node} required maxLength={32} pattern="[A-Za-z0-9][A-Za-z0-9_\-]*" onInput={(event) => setNode(event.currentTarget.value)} />
        </Field>
        <Field label={say.hours}>
          <input name="hours" type="number" min={1} max={720} value={hours} onInput={(event) => setHours(Number(event.currentTarget.value))} />
        </Field>
        <button class="button button-main" disabled={doing.busy}>
          {say.make}
        </button>
      </form>
    </Sheet>
  );
}
