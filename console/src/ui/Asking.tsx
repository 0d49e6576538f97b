/** A step that needs words: a note (with a verdict, if one likes), or to whom it is passed on. */
import { signal } from "@preact/signals";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { get } from "../api/client";
import type { DeskView } from "../api/schema";
import { language, prose, t } from "../i18n";
import { detail } from "../state/desk";
import { marks } from "../state/marks";
import { asking, refusal, submit, VERDICTS, type Verdict } from "../state/review";

const desk = signal<DeskView | null>(null);

function readDesk(): void {
  if (desk.value) return;
  get<DeskView>("/api/desk").then(
    (view) => {
      desk.value = view;
    },
    () => undefined, // asked again when the step is opened again
  );
}

/** Ctrl+Enter submits and goes on, from wherever one is in the form. */
function onSubmitKey(event: KeyboardEvent, run: () => void): void {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  run();
}

function Refused() {
  const words = t.value.review;
  if (!refusal.value) return null;
  return (
    <p class="review-refusal" role="alert">
      {words.refused[refusal.value.code] ?? words.refused["other"]} <span class="dim">{refusal.value.message}</span>
    </p>
  );
}

function NoteForm() {
  const words = t.value.asking;
  const [text, setText] = useState("");
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const ready = text.trim() !== "" || verdict !== null;
  const send = (andNext: boolean) => {
    if (!ready) return;
    void submit(verdict ? { action: "judge", verdict, text: text.trim() } : { action: "note", text: text.trim() }, andNext);
  };
  return (
    <form
      class="asking"
      onSubmit={(event) => {
        event.preventDefault();
        send(false);
      }}
      onKeyDown={(event) => onSubmitKey(event, () => send(true))}
    >
      <textarea
        autofocus
        rows={4}
        maxLength={4000}
        value={text}
        placeholder={words.noteHint}
        aria-label={words.note}
        data-testid="note-text"
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <div class="asking-row" role="radiogroup" aria-label={words.verdict}>
        <span class="dim">{words.verdict}</span>
        {[null, ...VERDICTS].map((each) => (
          <button
            type="button"
            key={each ?? "none"}
            role="radio"
            aria-checked={verdict === each}
            class={`button ${verdict === each ? "button-on" : ""}`}
            data-testid={`note-${each ?? "none"}`}
            onClick={() => setVerdict(each)}
          >
            {each ? t.value.review.state[each] : words.noteOnly}
          </button>
        ))}
      </div>
      <Refused />
      <div class="asking-row">
        <button class="button" disabled={!ready} data-testid="note-save">
          {words.save}
        </button>
        <button type="button" class="button" disabled={!ready} data-testid="note-next" onClick={() => send(true)}>
          {words.saveNext} <kbd>Ctrl+Enter</kbd>
        </button>
      </div>
    </form>
  );
}

function PassForm() {
  const words = t.value.asking;
  const [action, setAction] = useState<"transfer" | "notify">("transfer");
  const [department, setDepartment] = useState("");
  const [text, setText] = useState("");
  const departments = desk.value?.departments ?? [];
  const send = (andNext: boolean) => {
    if (department) void submit({ action, department, text: text.trim() }, andNext);
  };
  return (
    <form
      class="asking"
      onSubmit={(event) => {
        event.preventDefault();
        send(false);
      }}
      onKeyDown={(event) => {
        onSubmitKey(event, () => send(true));
        const nth = departments[Number(event.key) - 1];
        if (nth && !(event.target instanceof HTMLTextAreaElement)) setDepartment(nth.id);
      }}
    >
      <div class="asking-row" role="radiogroup" aria-label={words.pass}>
        {(["transfer", "notify"] as const).map((each, index) => (
          <button
            type="button"
            key={each}
            role="radio"
            autofocus={index === 0}
            aria-checked={action === each}
            class={`button ${action === each ? "button-on" : ""}`}
            data-testid={`pass-${each}`}
            onClick={() => setAction(each)}
          >
            {words[each]}
          </button>
        ))}
      </div>
      <p class="dim">{action === "transfer" ? words.transferNote : words.notifyNote}</p>
      <div class="asking-departments" role="radiogroup" aria-label={words.department}>
        {departments.map((each, index) => (
          <button
            type="button"
            key={each.id}
            role="radio"
            aria-checked={department === each.id}
            class={`button ${department === each.id ? "button-on" : ""}`}
            data-testid={`department-${each.id}`}
            onClick={() => setDepartment(each.id)}
          >
            <kbd>{index + 1}</kbd> {each[language.value]}
          </button>
        ))}
      </div>
      <textarea
        rows={2}
        maxLength={4000}
        value={text}
        placeholder={words.passHint}
        aria-label={words.passHint}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <Refused />
      <div class="asking-row">
        <button class="button" disabled={!department} data-testid="pass-save">
          {words.passOn}
        </button>
        <button type="button" class="button" disabled={!department} onClick={() => send(true)}>
          {words.passNext} <kbd>Ctrl+Enter</kbd>
        </button>
      </div>
    </form>
  );
}

export function Asking() {
  const words = t.value.asking;
  const box = useRef<HTMLDialogElement>(null);
  const what = asking.value;
  // Before the next key: what is typed at once after the key that opens it is the note's already.
  useLayoutEffect(() => {
    if (what) {
      readDesk();
      refusal.value = null;
      box.current?.showModal();
    } else box.current?.close();
  }, [what]);
  const n = marks.value.size;
  const alert = detail.value;
  return (
    <dialog
      ref={box}
      class="help"
      data-testid="asking"
      onClose={() => {
        asking.value = null;
      }}
    >
      {what && (
        <>
          <h2>{what === "note" ? words.note : words.pass}</h2>
          <p class="dim">{n > 0 ? words.several(n) : alert && prose(alert.annotations, "title")}</p>
          {what === "note" ? <NoteForm /> : <PassForm />}
        </>
      )}
    </dialog>
  );
}
