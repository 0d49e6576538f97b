import { useState } from "preact/hooks";
import { send } from "../../api/client";
import type { FleetView, NodeView, RevokedView } from "../../api/schema";
import { now } from "../../state/clock";
import { at, restate } from "../../state/page";
import { venueName } from "../../state/names";
import { percent, when } from "../../text/format";
import { mayI, useDoing } from "../parts/load";
import { Field, Refusal, Sheet, TableBox } from "../parts/Parts";
import { counted, daysUntil, filling, shownOf, signed } from "./fleet";
import { Invite } from "./Invite";
import { Sure } from "./Sure";
import { words } from "./words";

const NOTHING = "–";

function restateWith(change: Record<string, string>): void {
  const query = new URLSearchParams(at.value.query);
  for (const [name, value] of Object.entries(change)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const text = query.toString();
  restate(`/fleet/machines${text ? `?${text}` : ""}`);
}

function Outbox({ node }: { node: NodeView }) {
  const say = words.value;
  const share = filling(node);
  if (share === null || !node.outbox) return <>{NOTHING}</>;
  const box = node.outbox;
  const lost = box.n_dropped + box.n_refused;
  return (
    <>
      {percent(share)}
      {box.n_waiting > 0 && <div class="dim">{say.waiting(box.n_waiting)}</div>}
      {box.n_evidence > 0 && <div class="dim">{say.evidence(box.n_evidence)}</div>}
      {lost > 0 && <div class="fleet-bad">{say.dropped(lost)}</div>}
    </>
  );
}

function Certificate({ node }: { node: NodeView }) {
  const say = words.value;
  if (node.state === "invited" && node.expires_at) return <>{say.codeEnds(when(node.expires_at, now.value))}</>;
  if (!node.certificate_ends_at || node.state === "revoked") return <>{NOTHING}</>;
  const days = daysUntil(node.certificate_ends_at, now.value);
  return (
    <span title={node.certificate_ends_at} class={node.needs.includes("ending") || days < 0 ? "fleet-bad" : undefined}>
      {days < 0 ? say.ended : say.days(days)}
    </span>
  );
}

function State({ node }: { node: NodeView }) {
  const say = words.value;
  const well = node.needs.length === 0 && (node.state === "enrolled" || node.state === "linked");
  return (
    <>
      <span class={well ? "fleet-good" : undefined}>
        {say.stateOf[node.state] ?? node.state}
        {node.health && node.state !== "revoked" && !node.needs.includes("silent") && say.and(say.healthOf[node.health] ?? node.health)}
      </span>
      {node.state === "invited" && node.invited_by && <div class="dim">{say.by(node.invited_by)}</div>}
      {node.needs.map((reason) => (
        <div key={reason} class="fleet-need">
          <span aria-hidden="true">▲</span> {say.needOf[reason] ?? reason}
        </div>
      ))}
      {node.needs.includes("refused") && node.refused_why && <div class="dim wide">{node.refused_why}</div>}
      {node.problem && <div class="dim wide">{node.problem}</div>}
      {node.revoked_at && node.state === "revoked" && (
        <div class="dim wide">
          {[when(node.revoked_at, now.value), node.revoked_by, node.reason].filter(Boolean).join(", ")}
        </div>
      )}
    </>
  );
}

function Row({ node, register, done }: { node: NodeView; register: boolean; done: (told: string) => void }) {
  const say = words.value;
  const doing = useDoing();
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState("");
  const offset = node.clock_offset_s;
  const revoke = async () => {
    const answer = await doing.run((csrf) =>
      send<RevokedView>("POST", `/api/fleet/nodes/${encodeURIComponent(node.node)}/revoke`, csrf, { reason }),
    );
    if (!answer) return;
    setAsking(false);
    done(node.state === "invited" || answer.is_cut_off ? say.gone(node.node) : `${say.gone(node.node)} ${say.elsewhere}`);
  };
  const may = register && mayI("machines") && node.state !== "revoked" && node.state !== "linked";
  return (
    <>
      <tr data-node={node.node}>
        <td class="mono">{node.node}</td>
        <td>{node.venue ? venueName(node.venue) : NOTHING}</td>
        <td class="fleet-minor">{node.role ? (say.roleOf[node.role] ?? node.role) : NOTHING}</td>
        <td class="fleet-state">
          <State node={node} />
        </td>
        <td class="num fleet-minor">{node.software ?? NOTHING}</td>
        <td class="right num">{node.release || NOTHING}</td>
        <td class="right num nowrap">{node.last_seen ? when(node.last_seen, now.value) : NOTHING}</td>
        <td class={`right num nowrap${node.needs.includes("clock") ? " fleet-bad" : ""}`}>
          {offset === null ? NOTHING : say.offset(signed(offset))}
        </td>
        <td class="right num">
          <Outbox node={node} />
        </td>
        <td class="right num">
          <Certificate node={node} />
        </td>
        <td class="right">
          {may && (
            <button type="button" class="button" aria-expanded={asking} aria-label={`${say.revoke}: ${node.node}`} onClick={() => setAsking(!asking)}>
              {node.state === "invited" ? say.withdraw : say.revoke}
            </button>
          )}
        </td>
      </tr>
      {asking && (
        <tr>
          <td colSpan={11}>
            <Refusal error={doing.refusal} />
            <Sure ask={say.revokeAsk(node.node)} yes={say.revokeDo} busy={doing.busy} confirm={() => void revoke()} cancel={() => setAsking(false)}>
              <Field label={say.reason}>
                <input name="reason" value={reason} maxLength={500} onInput={(event) => setReason(event.currentTarget.value)} />
              </Field>
            </Sure>
          </td>
        </tr>
      )}
    </>
  );
}

function Filters({ retired }: { retired: number }) {
  const say = words.value;
  const query = at.value.query;
  return (
    <div class="fleet-filters">
      <label class="check">
        <input type="checkbox" checked={query.has("needs")} onChange={(event) => restateWith({ needs: event.currentTarget.checked ? "1" : "" })} />
        {say.needy}
      </label>
      {retired > 0 && (
        <label class="check">
          <input type="checkbox" checked={query.has("all")} onChange={(event) => restateWith({ all: event.currentTarget.checked ? "1" : "" })} />
          {say.retired(retired)}
        </label>
      )}
      <input
        type="search"
        name="find"
        class="fleet-find"
        aria-label={say.find}
        placeholder={say.find}
        value={query.get("find") ?? ""}
        onInput={(event) => restateWith({ find: event.currentTarget.value })}
      />
    </div>
  );
}

export function Machines({ fleet, reload }: { fleet: FleetView; reload: () => void }) {
  const say = words.value;
  const [told, setTold] = useState("");
  const query = at.value.query;
  const counts = counted(fleet.nodes);
  const asked = { needy: query.has("needs"), retired: query.has("all"), find: query.get("find") ?? "" };
  const shown = shownOf(fleet.nodes, asked, venueName);
  const empty = fleet.nodes.length === 0 ? say.none : asked.needy && !asked.find ? say.allWell : say.noneFits;
  const done = (text: string) => {
    setTold(text);
    reload();
  };
  return (
    <>
      <Sheet title={say.machines} testid="machines" aside={<Filters retired={counts.retired} />}>
        <p class="dim" data-testid="counts">
          {say.counts(counts.all, counts.needy)}
        </p>
        {!fleet.has_register && <p class="dim">{say.linkOnly}</p>}
        {told && <p role="status">{told}</p>}
        {shown.length === 0 ? (
          <p class="dim">{empty}</p>
        ) : (
          <TableBox name={say.machines}>
            <table>
              <thead>
                <tr>
                  <th>{say.machine}</th>
                  <th>{say.venue}</th>
                  <th class="fleet-minor">{say.role}</th>
                  <th>{say.state}</th>
                  <th class="fleet-minor">{say.software}</th>
                  <th class="right">{say.release}</th>
                  <th class="right">{say.heard}</th>
                  <th class="right">{say.clock}</th>
                  <th class="right">{say.outbox}</th>
                  <th class="right">{say.certificate}</th>
                  <th>
                    <span class="hidden">{say.revoke}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {shown.map((node) => (
                  <Row key={node.node} node={node} register={fleet.has_register} done={done} />
                ))}
              </tbody>
            </table>
          </TableBox>
        )}
      </Sheet>
      {fleet.has_register && mayI("machines") && <Invite venues={fleet.venues} made={reload} />}
    </>
  );
}
