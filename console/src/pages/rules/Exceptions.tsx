import { useEffect, useState } from "preact/hooks";
import { send } from "../../api/client";
import type { ExceptionsCheck, ExceptionsView } from "../../api/schema";
import { venueName } from "../../state/names";
import { dayAndTime } from "../../text/format";
import { mayI, useDoing, useLoad } from "../parts/load";
import { Refusal, Sheet, Shown, TableBox } from "../parts/Parts";
import { Editor } from "./Editor";
import { Reach } from "./Reach";
import { faultsOf } from "./text";
import { words } from "./words";

function InForce({ view }: { view: ExceptionsView }) {
  const say = words.value;
  if (view.exceptions.length === 0) return <p class="dim">{say.noExceptions}</p>;
  return (
    <TableBox name={say.exceptions}>
      <table>
        <thead>
          <tr>
            <th>{say.rule}</th>
            <th>{say.reason}</th>
            <th>{say.author}</th>
            <th>{say.ends}</th>
            <th>{say.scope}</th>
          </tr>
        </thead>
        <tbody>
          {view.exceptions.map((one) => (
            <tr key={one.id}>
              <td class="mono">{one.id}</td>
              <td class="wide">{one.reason}</td>
              <td>{one.author}</td>
              <td class="num nowrap">{dayAndTime(one.expires_at).slice(0, 16)}</td>
              <td class="wide">{[say.kinds[one.kind] ?? one.kind, ...one.rules, ...one.venues.map(venueName)].join(", ")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

function Edit({ view, take }: { view: ExceptionsView; take: (view: ExceptionsView) => void }) {
  const say = words.value;
  const [text, setText] = useState(view.written ?? "");
  const [check, setCheck] = useState<{ of: string; found: ExceptionsCheck } | null>(null);
  const [done, setDone] = useState(false);
  const counting = useDoing();
  const saving = useDoing();
  useEffect(() => setDone(false), [text]);
  const count = async () => {
    const found = await counting.run((csrf) => send<ExceptionsCheck>("POST", "/api/exceptions/check", csrf, { text }));
    if (found) setCheck({ of: text, found });
  };
  const save = async () => {
    const next = await saving.run((csrf) => send<ExceptionsView>("PUT", "/api/exceptions", csrf, { text, was: view.digest }));
    if (!next) return;
    take(next);
    setDone(true);
  };
  const faults = check?.of === text ? faultsOf(check.found.faults) : [];
  const ready = check?.of === text && faults.length === 0 && view.writable;
  return (
    <Sheet title={say.exceptionsText} testid="exceptions-text" aside={<small class="mono wide">{view.file}</small>}>
      <Editor text={text} change={setText} faults={faults} schema={null} label={say.exceptionsText} readOnly={!mayI("tune-rules")} />
      {mayI("tune-rules") && (
        <div class="buttons">
          <button type="button" class="button button-main" disabled={counting.busy} onClick={() => void count()}>
            {say.count}
          </button>
          <button type="button" class="button" disabled={!ready || saving.busy} onClick={() => void save()}>
            {say.saveExceptions}
          </button>
          {done && (
            <span role="status" data-testid="saved">
              ✓
            </span>
          )}
        </div>
      )}
      <Refusal error={counting.refusal ?? saving.refusal} />
      {faults.map((fault, number) => (
        <p key={number} class="fault-line">
          {say.toLine(fault.line)}: {fault.message}
        </p>
      ))}
      {check && check.found.lines.length > 0 && (
        <table class="num" data-testid="would-hide">
          <thead>
            <tr>
              <th>{say.rule}</th>
              <th>{say.wouldHide}</th>
            </tr>
          </thead>
          <tbody>
            {check.found.lines.map((line) => (
              <tr key={line.id}>
                <td class="mono">{line.id}</td>
                <td>
                  {say.nAlerts(line.n_alerts, line.n_recent)} <span class="dim mono">{line.rules.join(", ")}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {check?.found.reach && <Reach of={check.found.reach} />}
    </Sheet>
  );
}

export function Exceptions() {
  const say = words.value;
  const exceptions = useLoad<ExceptionsView>("/api/exceptions");
  return (
    <Shown of={exceptions}>
      {(view) => (
        <>
          <Sheet title={say.exceptions} testid="exceptions">
            <p class="dim">{say.exceptionsHint}</p>
            <InForce view={view} />
          </Sheet>
          {view.written === null ? <p class="dim">{say.noExceptionFile}</p> : <Edit view={view} take={exceptions.put} />}
        </>
      )}
    </Shown>
  );
}
