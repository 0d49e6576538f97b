/** What is to be done in a case: the playbook's checklist, tasks, notes. */
import { useState } from "preact/hooks";
import type { CaseDetail } from "../../api/schema";
import { language } from "../../i18n";
import { now } from "../../state/clock";
import { dayAndTime } from "../../text/format";
import { lasting } from "./bits";
import { busy, mayStep, take } from "./state";
import { instantOf } from "./steps";
import { w } from "./words";

export function Checklist({ one }: { one: CaseDetail }) {
  const words = w.value;
  const { book } = one;
  /** Shown as it was clicked until the server has answered. */
  const [pending, setPending] = useState<string | null>(null);
  if (!book) return <p class="dim">{words.noBook}</p>;
  const done = book.steps.filter((step) => one.checks.includes(step.id)).length;
  const may = mayStep.value && one.possible.includes("check");
  return (
    <section class="block" data-testid="book">
      <div class="block-head">
        <h3>
          {words.book}: {book.title[language.value]}
        </h3>
        <span class="dim num">{words.bookDone(done, book.steps.length)}</span>
      </div>
      <ul class="case-checks">
        {book.steps.map((step) => {
          const ticked = one.checks.includes(step.id);
          return (
            <li key={step.id}>
              <label>
                <input
                  type="checkbox"
                  checked={ticked !== (pending === step.id)}
                  disabled={!may || busy.value}
                  onChange={() => {
                    setPending(step.id);
                    void take({ action: ticked ? "uncheck" : "check", item: step.id }).finally(() => setPending(null));
                  }}
                />
                <span>{step[language.value]}</span>
              </label>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Due({ at }: { at: string }) {
  const words = w.value;
  const left = Date.parse(at) - now.value;
  return (
    <span class={`num ${left < 0 ? "case-late" : "dim"}`} title={dayAndTime(at)}>
      {left < 0 ? `⚠ ${words.lateBy(lasting(-left))}` : words.dueIn(lasting(left))}
    </span>
  );
}

export function Tasks({ one }: { one: CaseDetail }) {
  const words = w.value;
  const [text, setText] = useState("");
  const [due, setDue] = useState("");
  const may = mayStep.value && one.possible.includes("task");
  return (
    <section class="block" data-testid="tasks">
      <h3>{words.tasks}</h3>
      {one.tasks.length === 0 && <p class="dim">{words.tasksNone}</p>}
      <ul class="case-tasks">
        {one.tasks.map((task) => (
          <li key={task.id} data-testid="task">
            <span class={task.done_by ? "dim" : ""}>
              {task.done_by ? "✓" : "○"} {task.text}
            </span>
            {task.done_by ? (
              <span class="dim">{words.taskBy(task.done_by, dayAndTime(task.done_at ?? ""))}</span>
            ) : (
              <span class="case-task-does">
                {task.due_at && <Due at={task.due_at} />}
                {may && (
                  <button
                    type="button"
                    class="button button-small"
                    disabled={busy.value}
                    onClick={() => void take({ action: "task-done", item: String(task.id) })}
                  >
                    {words.taskDone}
                  </button>
                )}
              </span>
            )}
          </li>
        ))}
      </ul>
      {may && (
        <form
          class="case-ask"
          onSubmit={(event) => {
            event.preventDefault();
            void take({ action: "task", text, due_at: instantOf(due) }).then((done) => {
              if (!done) return;
              setText("");
              setDue("");
            });
          }}
        >
          <input
            class="grow"
            required
            value={text}
            maxLength={4000}
            placeholder={words.taskText}
            aria-label={words.taskText}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <label class="dim">
            {words.taskDue}{" "}
            <input
              type="datetime-local"
              value={due}
              aria-label={words.taskDue}
              onInput={(event) => setDue(event.currentTarget.value)}
            />
          </label>
          <button class="button button-small" disabled={busy.value}>
            {words.taskAdd}
          </button>
        </form>
      )}
    </section>
  );
}

export function NoteBox() {
  const words = w.value;
  const [text, setText] = useState("");
  if (!mayStep.value) return null;
  const save = () => {
    if (text.trim()) void take({ action: "note", text: text.trim() }).then((done) => done && setText(""));
  };
  return (
    <form
      class="case-note"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <textarea
        rows={2}
        value={text}
        maxLength={4000}
        placeholder={words.noteHint}
        aria-label={words.note}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            save();
          }
        }}
      />
      <button class="button button-small" disabled={busy.value || !text.trim()}>
        {words.noteSave}
      </button>
    </form>
  );
}
