import { useEffect, useState } from "preact/hooks";
import { send } from "../../api/client";
import type { ComparisonView, LimitView, RuleCheck, RuleSchema, RuleSource, RulesView } from "../../api/schema";
import { at, go } from "../../state/page";
import { asApiError, mayI, useDoing, useLoad } from "../parts/load";
import { Refusal, Sheet, Shown } from "../parts/Parts";
import { isPerson, who } from "../../state/person";
import type { ApiError } from "../../api/client";
import { Comparison } from "./Comparison";
import type { Schema } from "./complete";
import { Editor } from "./Editor";
import { blank } from "./blank";
import { Removal } from "./Removal";
import { Saving } from "./Saving";
import { faultsOf, withLimit } from "./text";
import { Threshold } from "./Threshold";
import { words } from "./words";

const CHECK_MS = 400;

/** The server's word on a text, asked when the typing pauses. */
function useCheck(text: string): { check: RuleCheck | null; of: string | null; error: ApiError | null } {
  const [found, setFound] = useState<{ check: RuleCheck; of: string } | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  useEffect(() => {
    let gone = false;
    const timer = setTimeout(() => {
      const csrf = isPerson(who.value) ? who.value.csrf : "";
      send<RuleCheck>("POST", "/api/rules/check", csrf, { text }).then(
        (check) => {
          if (gone) return;
          setFound({ check, of: text });
          setError(null);
        },
        (cause: unknown) => {
          if (!gone) setError(asApiError(cause));
        },
      );
    }, CHECK_MS);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [text]);
  return { check: found?.check ?? null, of: found?.of ?? null, error };
}

function Checked({ check, fresh, show }: { check: RuleCheck; fresh: boolean; show: (line: number) => void }) {
  const say = words.value;
  const faults = faultsOf(check.faults);
  return (
    <Sheet title={faults.length ? say.nFaults(faults.length) : say.right} testid="check" aside={!fresh && <span class="dim">{say.checking}</span>}>
      {faults.length > 0 && (
        <ul class="faults">
          {faults.map((fault, number) => (
            <li key={number}>
              <button type="button" class="link" onClick={() => show(fault.line)}>
                {say.toLine(fault.line)}
              </button>
              <span class="wide">{fault.message}</span>
            </li>
          ))}
        </ul>
      )}
      {check.id !== null && (
        <>
          <h3>{say.samples}</h3>
          {check.samples.length === 0 && <p class="dim">{say.noSamples}</p>}
          <ul class="samples">
            {check.samples.map((sample) => (
              <li key={sample.line} class={sample.holds ? "sample-holds" : "sample-fails"}>
                <span aria-hidden="true">{sample.holds ? "✓" : "✗"}</span>
                <button type="button" class="link" onClick={() => show(sample.line)}>
                  {say.toLine(sample.line)}
                </button>
                <span>
                  {sample.fires ? say.mustFire : say.mustBeQuiet}, {sample.holds ? say.holds : say.fails}
                  {sample.note && <span class="dim"> · {sample.note}</span>}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </Sheet>
  );
}

function Desk({ source, isNew }: { source: RuleSource; isNew: boolean }) {
  const say = words.value;
  const mayTune = mayI("tune-rules");
  const schema = useLoad<RuleSchema>("/api/rule-schema");
  const rules = useLoad<RulesView>("/api/rules");
  const [text, setText] = useState(source.written ?? source.text);
  const [was, setWas] = useState(source.digest);
  const [goTo, setGoTo] = useState<{ line: number; n: number } | null>(null);
  const [compared, setCompared] = useState<{ of: string; view: ComparisonView } | null>(null);
  const comparing = useDoing();
  const { check, of, error } = useCheck(text);
  const faults = check ? faultsOf(check.faults) : [];
  const isRight = check !== null && of === text && faults.length === 0;
  const inForce = rules.value?.rules.find((rule) => rule.id === source.id);
  const compare = async () => {
    const view = await comparing.run((csrf) => send<ComparisonView>("POST", "/api/rules/compare", csrf, { text }));
    if (view) setCompared({ of: text, view });
  };
  const move = (limit: LimitView, value: number) => {
    const next = withLimit(text, limit.line, limit.field, limit.modifier, value);
    if (next !== null) setText(next);
  };
  return (
    <div class="rule-desk">
      <Sheet
        title={isNew ? say.newRule : source.id}
        testid="editor"
        aside={<small class="mono wide">{source.file ?? ""}</small>}
      >
        {!mayTune && <p class="dim">{say.readOnly}</p>}
        {mayTune && !isNew && !source.writable && <p class="caution">{say.notWritable}</p>}
        {mayTune && !isNew && source.writable && source.written === null && was === null && (
          <p class="caution">{say.noFile}</p>
        )}
        {mayTune && <small>{say.keys}</small>}
        <Editor
          text={text}
          change={setText}
          faults={of === text ? faults : []}
          schema={(schema.value?.json_schema as Schema | undefined) ?? null}
          label={say.text}
          readOnly={!mayTune}
          goTo={goTo}
        />
        {inForce && source.written !== null && source.written !== source.text && (
          <div class="buttons">
            <button type="button" class="button" onClick={() => setText(text === source.text ? (source.written ?? "") : source.text)}>
              {text === source.text ? say.asWritten : say.inForce}
            </button>
          </div>
        )}
      </Sheet>
      <div class="rule-side">
        <Refusal error={error} />
        {check ? <Checked check={check} fresh={of === text} show={(line) => setGoTo({ line, n: Date.now() })} /> : <p class="dim">{say.checking}</p>}
        {mayTune && check && <Threshold limits={check.limits} text={text} move={move} />}
        {mayTune && (
          <Sheet title={say.compare} testid="saving">
            <div class="buttons">
              <button type="button" class="button button-main" disabled={!isRight || comparing.busy} onClick={() => void compare()}>
                {say.compare}
              </button>
              {comparing.busy && <span class="dim">{say.tracing}</span>}
            </div>
            <Refusal error={comparing.refusal} />
            {rules.value && (source.writable || isNew) && (
              <Saving
                id={check?.id ?? source.id}
                text={text}
                was={isNew ? null : was}
                venues={rules.value.venues}
                // Where there is no past to compare with, nobody is kept from saving.
                ready={isRight && (compared?.of === text || comparing.refusal?.code === "no-store")}
                saved={(view, digest) => {
                  rules.put(view);
                  setWas(digest);
                  // Who has gone elsewhere meanwhile is left there.
                  if (isNew && check?.id && at.value.open === "rules/-") go(`/rules/rules/${encodeURIComponent(check.id)}`);
                }}
              />
            )}
          </Sheet>
        )}
        {mayTune && !isNew && source.writable && was !== null && rules.value?.removal?.rule !== source.id && (
          <Removal id={source.id} was={was} venues={rules.value?.venues ?? []} removed={() => go("/rules/rules")} />
        )}
        {compared && (
          <div class={compared.of === text ? undefined : "outdated"}>
            <Comparison view={compared.view} />
          </div>
        )}
      </div>
    </div>
  );
}

/** One rule's text with all that can be known of it before it holds. */
export function One({ id }: { id: string }) {
  const say = words.value;
  const isNew = id === "-";
  const source = useLoad<RuleSource>(isNew ? null : `/api/rules/${encodeURIComponent(id)}`);
  const fresh: RuleSource = { id: "", text: blank(), written: null, file: null, digest: null, writable: true };
  return (
    <>
      <div class="buttons">
        <button type="button" class="button" onClick={() => go("/rules/rules")}>
          ← {say.back}
        </button>
      </div>
      {isNew ? <Desk key="-" source={fresh} isNew /> : <Shown of={source}>{(value) => <Desk key={value.id} source={value} isNew={false} />}</Shown>}
    </>
  );
}

