import { send } from "../../api/client";
import type { RuleLine, RulesView } from "../../api/schema";
import { language, t } from "../../i18n";
import { at, go, restate } from "../../state/page";
import { venueName } from "../../state/names";
import { LevelMark } from "../../ui/icons";
import { mayI, useDoing, useLoad } from "../parts/load";
import { Field, Refusal, Sheet, Shown, TableBox } from "../parts/Parts";
import { words } from "./words";

const REREAD_MS = 15_000;
const KINDS = ["radio", "web", "correlation"] as const;

function EditionPanel({ view, take }: { view: RulesView; take: (view: RulesView) => void }) {
  const say = words.value;
  const doing = useDoing();
  const mayTune = mayI("tune-rules");
  const change = async (what: "reload" | "spread" | "rollback") => {
    const next = await doing.run((csrf) => send<RulesView>("POST", `/api/rules/${what}`, csrf, what === "reload" ? {} : undefined));
    if (next) take(next);
  };
  return (
    <Sheet
      title={say.edition}
      testid="edition"
      aside={
        mayTune && (
          <div class="buttons">
            {view.trial && (
              <button type="button" class="button button-main" disabled={doing.busy} onClick={() => void change("spread")}>
                {view.removal ? say.removeSpread : say.spread}
              </button>
            )}
            <button type="button" class="button" disabled={doing.busy} onClick={() => void change("rollback")}>
              {view.removal ? say.removeTake : view.trial ? say.endTrial : say.rollBack}
            </button>
            <button type="button" class="button" disabled={doing.busy} onClick={() => void change("reload")}>
              {say.reload}
            </button>
          </div>
        )
      }
    >
      <p>
        <strong>{say.number(view.edition.number, view.edition.author)}</strong>
        <span class="dim"> · {say.has(view.edition.n_rules, view.edition.n_exceptions)}</span>
      </p>
      {view.history.length > 0 && (
        <details class="dim">
          <summary>{say.history(view.history.length)}</summary>
          <ol class="history" data-testid="history">
            {view.history.toReversed().map((one) => (
              <li key={one.number} class="num">
                {say.number(one.number, one.author)} · {say.has(one.n_rules, one.n_exceptions)}
              </li>
            ))}
          </ol>
        </details>
      )}
      {view.trial && view.removal && (
        <p class="caution">
          {say.withoutRule(view.removal.rule, view.trial.venues.map(venueName).join(language.value === "zh" ? "、" : ", "))}
          <span class="dim"> {view.removal.reason}</span>
        </p>
      )}
      {view.trial && !view.removal && <p class="caution">{say.onTrial(view.trial.number, view.trial.venues.map(venueName).join(language.value === "zh" ? "、" : ", "))}</p>}
      {view.faults.length > 0 && (
        <div class="refusal" role="status">
          <strong>{say.faults}</strong>
          <p class="mono">{view.faults.join("\n")}</p>
        </div>
      )}
      <Refusal error={doing.refusal} />
    </Sheet>
  );
}

function Row({ rule, leaving }: { rule: RuleLine; leaving: boolean }) {
  const say = words.value;
  const zh = language.value === "zh";
  const path = `/rules/rules/${encodeURIComponent(rule.id)}`;
  const over = zh ? rule.over_zh : rule.over_en;
  return (
    <tr>
      <td class="nowrap">
        <LevelMark level={rule.level} />
      </td>
      <td class="wide">
        <a
          href={path}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            go(path);
          }}
        >
          {zh ? rule.title_zh : rule.title_en}
        </a>{" "}
        {rule.experimental && <span class="tag">{say.experimental}</span>}
        {leaving && <span class="tag tag-leaving">{say.leaving}</span>}
        <div class="dim mono">{rule.id}</div>
      </td>
      <td>{say.kinds[rule.kind] ?? rule.kind}</td>
      <td class="right num">{rule.n_alerts.toLocaleString()}</td>
      <td class="right num nowrap">
        {rule.measured ?? "–"} / {rule.limit ?? "–"}
        {over && (
          <div class="over" title={over}>
            ▲ {say.over}
          </div>
        )}
      </td>
      <td>{rule.owner}</td>
    </tr>
  );
}

function fits(rule: RuleLine, find: string, kind: string): boolean {
  const text = `${rule.id} ${rule.title_en} ${rule.title_zh} ${rule.tags.join(" ")}`.toLowerCase();
  return (!kind || rule.kind === kind) && find.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function Table({ rules, leaving }: { rules: readonly RuleLine[]; leaving: string | null }) {
  const say = words.value;
  const [find, kind] = [at.value.query.get("find") ?? "", at.value.query.get("kind") ?? ""];
  const ask = (change: Record<string, string>) => {
    const query = new URLSearchParams({ find, kind, ...change });
    for (const [name, value] of [...query]) if (!value) query.delete(name);
    restate(`/rules/rules${query.size ? `?${query}` : ""}`);
  };
  const shown = rules.filter((rule) => fits(rule, find, kind));
  return (
    <Sheet
      title={`${say.rules} (${shown.length})`}
      testid="rules"
      aside={
        mayI("tune-rules") && (
          <button type="button" class="button" onClick={() => go("/rules/rules/-")}>
            {say.newRule}
          </button>
        )
      }
    >
      <div class="form">
        <Field label={say.find}>
          <input name="find" type="search" value={find} onInput={(event) => ask({ find: event.currentTarget.value })} />
        </Field>
        <Field label={say.kind}>
          <select name="kind" value={kind} onChange={(event) => ask({ kind: event.currentTarget.value })}>
            <option value="">{say.anyKind}</option>
            {KINDS.map((one) => (
              <option key={one} value={one}>
                {say.kinds[one]}
              </option>
            ))}
          </select>
        </Field>
      </div>
      {shown.length === 0 ? (
        <p class="dim">{say.noneFits}</p>
      ) : (
        <TableBox name={say.rules}>
          <table>
            <thead>
              <tr>
                <th>{say.level}</th>
                <th>{say.rule}</th>
                <th>{say.kind}</th>
                <th class="right" title={say.hitsHint}>
                  {say.hits}
                </th>
                <th class="right" title={say.budgetHint}>
                  {say.budget}
                </th>
                <th>{say.owner}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((rule) => (
                <Row key={rule.id} rule={rule} leaving={rule.id === leaving} />
              ))}
            </tbody>
          </table>
          <small>
            {say.hits}: {say.hitsHint}. {say.budget}: {say.budgetHint}.
          </small>
        </TableBox>
      )}
    </Sheet>
  );
}

export function List() {
  const rules = useLoad<RulesView>("/api/rules", REREAD_MS);
  void t.value; // the marks of the levels speak the language in use
  return (
    <Shown of={rules}>
      {(view) => (
        <>
          <EditionPanel view={view} take={rules.put} />
          <Table rules={view.rules} leaving={view.removal?.rule ?? null} />
        </>
      )}
    </Shown>
  );
}
