import { useState } from "preact/hooks";
import type { CaseDetail, StepBody } from "../../api/schema";
import { language, t } from "../../i18n";
import { now } from "../../state/clock";
import { dayAndTime, timeOfDay } from "../../text/format";
import { Refusal } from "./bits";
import { busy, desk, mayStep, me, refusal, take, undo } from "./state";
import { buttons, confirmations, NEEDS_DEPARTMENT, OUTCOMES, undoable, UNDO_MS, usual, VERDICTS, type Action } from "./steps";
import { w } from "./words";

/** A step that needs more than a press: to whom, and a word with it. */
function DepartmentStep({ one, action, close }: { one: CaseDetail; action: Action; close: () => void }) {
  const words = w.value;
  const [department, setDepartment] = useState("");
  const [text, setText] = useState("");
  const departments = (desk.value?.departments ?? []).filter(
    (each) => action !== "transfer" || each.id !== one.department,
  );
  return (
    <form
      class="case-ask"
      data-testid={`ask-${action}`}
      onSubmit={(event) => {
        event.preventDefault();
        void take({ action, department, text }).then((done) => done && close());
      }}
    >
      <strong>{words.action[action]}</strong>
      <select
        required
        autofocus
        value={department}
        aria-label={words.choose}
        onChange={(event) => setDepartment(event.currentTarget.value)}
      >
        <option value="">{words.choose}</option>
        {departments.map((each) => (
          <option key={each.id} value={each.id}>
            {each[language.value]}
          </option>
        ))}
      </select>
      <input
        class="grow"
        value={text}
        maxLength={4000}
        placeholder={words.text}
        aria-label={words.text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button class="button button-main" disabled={busy.value}>
        {words.do}
      </button>
      <button type="button" class="link" onClick={close}>
        {words.cancel}
      </button>
    </form>
  );
}

function Press({ step, label, main, idle = false }: {
  step: Partial<StepBody>;
  label: string;
  main: boolean;
  idle?: boolean;
}) {
  return (
    <button
      type="button"
      class={`button ${main ? "button-main" : ""}`}
      disabled={busy.value || idle}
      data-testid={`do-${step.verdict ?? step.outcome ?? step.action}`}
      onClick={() => void take(step)}
    >
      {label}
    </button>
  );
}

export function Steps({ one }: { one: CaseDetail }) {
  const words = w.value;
  const [asking, setAsking] = useState<Action | null>(null);
  const next = usual(one);
  const shown = buttons(one.possible, next);
  const back = undoable(one, me.value, now.value);
  const asked = asking && one.possible.includes(asking) ? asking : null;
  return (
    <section class="block case-steps" aria-label={words.steps}>
      <h3>{words.steps}</h3>
      {!mayStep.value && <p class="dim">{words.noSteps}</p>}
      {mayStep.value && shown.length === 0 && <p class="dim">{words.noneLeft}</p>}
      <div class="case-buttons" data-testid="steps">
        {shown.map((action) => {
          const label = words.action[action] ?? action;
          if (action === "judge" || action === "finish") {
            return (
              <span class="case-several" key={action}>
                <span class="dim">{label}:</span>
                {(action === "judge" ? VERDICTS : OUTCOMES).map((each) => (
                  <Press
                    key={each}
                    step={{ action, [action === "judge" ? "verdict" : "outcome"]: each }}
                    label={words.word[each] ?? each}
                    main={next === action}
                    idle={each === "confirmed" && one.confirmed_by.includes(me.value)}
                  />
                ))}
              </span>
            );
          }
          if (NEEDS_DEPARTMENT.includes(action)) {
            return (
              <button
                type="button"
                key={action}
                class={`button ${next === action ? "button-main" : ""}`}
                aria-expanded={asked === action}
                data-testid={`do-${action}`}
                onClick={() => setAsking(asked === action ? null : action)}
              >
                {label}…
              </button>
            );
          }
          return <Press key={action} step={{ action }} label={label} main={next === action} />;
        })}
      </div>
      {asked && <DepartmentStep key={asked} one={one} action={asked} close={() => setAsking(null)} />}
      {mayStep.value && back && (
        <p>
          <button
            type="button"
            class="link"
            data-key="z"
            data-testid="case-undo"
            disabled={busy.value}
            onClick={() => void undo()}
          >
            <kbd>z</kbd> {words.undo}
          </button>{" "}
          <span class="dim">
            {words.undone(words.action[back.action] ?? back.action)}{" "}
            <span class="num">{timeOfDay(Date.parse(back.at) + UNDO_MS)}</span>
          </span>
        </p>
      )}
      <Refusal error={refusal.value} />
    </section>
  );
}

/** Who was first, who was or may be second. */
export function Persons({ one }: { one: CaseDetail }) {
  const words = w.value;
  const wanted = desk.value?.persons_to_confirm ?? 2;
  const said = confirmations(one);
  const [first, second] = said;
  if (wanted < 2 || !first) return null;
  const open = said.length < wanted && one.state === "suspected";
  const mine = said.some((each) => each.name === me.value);
  return (
    <section class="block case-persons" data-testid="persons">
      <h3>{words.persons}</h3>
      <p class="dim">{words.personsNote(wanted)}</p>
      <p>✓ {words.first(first.name, dayAndTime(first.at))}</p>
      {second && <p>✓ {words.second(second.name, dayAndTime(second.at))}</p>}
      {open && (
        <p>
          ○{" "}
          {mine ? words.wasFirst : mayStep.value ? words.mayBeSecond(first.name) : words.secondOpen(first.name)}{" "}
          {!mine && one.possible.includes("judge") && (
            <Press step={{ action: "judge", verdict: "confirmed" }} label={words.confirmSecond} main />
          )}
        </p>
      )}
      {!open && !second && <p class="dim">{t.value.review.state[one.state]}</p>}
    </section>
  );
}
