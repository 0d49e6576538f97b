import { useEffect, useId, useRef, useState } from "preact/hooks";
import { complete, type Completion, type Schema } from "./complete";
import { nextIndent, type Fault } from "./text";
import { words } from "./words";
import { piecesOf } from "./yaml";

/**
 * A text field over its own coloured copy. The copy gives the size and shows lines, faults and the place of
 * the caret; the field on top stays the browser's own, with its undo, input methods and selection.
 */
export function Editor({
  text,
  change,
  faults,
  schema,
  label,
  readOnly = false,
  goTo,
}: {
  text: string;
  change: (text: string) => void;
  faults: readonly Fault[];
  schema: Schema | null;
  label: string;
  readOnly?: boolean;
  /** A line to show, counted anew with each `n`. */
  goTo?: { line: number; n: number } | null;
}) {
  const field = useRef<HTMLTextAreaElement>(null);
  const caretMark = useRef<HTMLSpanElement>(null);
  const listId = useId();
  const [completion, setCompletion] = useState<(Completion & { caret: number }) | null>(null);
  const [chosen, setChosen] = useState(0);
  const [spot, setSpot] = useState<{ left: string; top: string } | null>(null);

  const lines = text.split("\n");
  const byLine = new Map<number, string[]>();
  for (const fault of faults) byLine.set(fault.line, [...(byLine.get(fault.line) ?? []), fault.message]);

  useEffect(() => {
    const area = field.current;
    if (!goTo || !area) return;
    const start = lines.slice(0, goTo.line - 1).join("\n").length + (goTo.line > 1 ? 1 : 0);
    area.focus();
    area.setSelectionRange(start, start + (lines[goTo.line - 1]?.length ?? 0));
    area.closest(".editor")?.querySelector(`[data-line="${goTo.line}"]`)?.scrollIntoView({ block: "center" });
  }, [goTo]);
  useEffect(() => {
    const mark = caretMark.current?.getBoundingClientRect();
    const paper = field.current?.getBoundingClientRect();
    setSpot(mark && paper && completion ? { left: `${mark.left - paper.left}px`, top: `${mark.bottom - paper.top}px` } : null);
  }, [completion]);

  const offer = (value: string, caret: number, asked: boolean) => {
    const found = schema && !readOnly ? complete(schema, value, caret) : null;
    const wanted = found && (asked || caret > found.from) ? { ...found, caret } : null;
    setCompletion(wanted);
    setChosen(0);
  };
  /** Through the browser's own editing, so that undo knows of it. */
  const insert = (from: number, to: number, what: string) => {
    const area = field.current;
    if (!area) return;
    area.focus();
    area.setSelectionRange(from, to);
    if (!document.execCommand("insertText", false, what)) {
      area.setRangeText(what, from, to, "end");
      change(area.value);
    }
  };
  const take = (number: number) => {
    const option = completion?.options[number];
    if (!completion || !option) return;
    insert(completion.from, completion.caret, option.insert);
    setCompletion(null);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const area = field.current;
    if (!area || event.isComposing) return;
    if (completion) {
      const n = completion.options.length;
      const keys: Record<string, () => void> = {
        ArrowDown: () => setChosen((chosen + 1) % n),
        ArrowUp: () => setChosen((chosen + n - 1) % n),
        Tab: () => take(chosen),
        Enter: () => take(chosen),
        Escape: () => setCompletion(null),
      };
      const act = keys[event.key];
      if (act && !event.shiftKey && !event.ctrlKey) {
        event.preventDefault();
        event.stopPropagation();
        act();
        return;
      }
    }
    if (event.ctrlKey && event.code === "Space") {
      event.preventDefault();
      offer(area.value, area.selectionStart, true);
    } else if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !readOnly) {
      event.preventDefault();
      const line = area.value.slice(0, area.selectionStart).split("\n").at(-1) ?? "";
      insert(area.selectionStart, area.selectionEnd, `\n${nextIndent(line)}`);
    }
  };

  const caretLine = completion ? text.slice(0, completion.from).split("\n").length : 0;
  const caretColumn = completion ? (text.slice(0, completion.from).split("\n").at(-1) ?? "").length : 0;
  return (
    <div class="editor">
      <div class="editor-paper">
        <ol class="editor-lines" aria-hidden="true">
          {lines.map((_, at) => (
            <li key={at} class={byLine.has(at + 1) ? "faulty" : undefined}>
              {byLine.has(at + 1) ? "✗ " : ""}
              {at + 1}
            </li>
          ))}
        </ol>
        <div class="editor-text">
          <pre aria-hidden="true">
            {lines.map((line, at) => (
              <div key={at} data-line={at + 1} class={byLine.has(at + 1) ? "faulty" : undefined}>
                {at + 1 === caretLine && (
                  <span class="editor-caret">
                    {line.slice(0, caretColumn)}
                    <span ref={caretMark}>&#8203;</span>
                  </span>
                )}
                {piecesOf(line).map((piece, number) => (
                  <span key={number} class={`yaml-${piece.kind}`}>
                    {piece.text}
                  </span>
                ))}
                {byLine.has(at + 1) ? <span class="editor-fault">{`  ← ${byLine.get(at + 1)?.join("; ")}`}</span> : "\u200b"}
              </div>
            ))}
          </pre>
          <textarea
            ref={field}
            aria-label={label}
            aria-autocomplete="list"
            aria-controls={completion ? listId : undefined}
            aria-activedescendant={completion ? `${listId}-${chosen}` : undefined}
            value={text}
            readOnly={readOnly}
            wrap="off"
            spellcheck={false}
            autocapitalize="off"
            autocomplete="off"
            onInput={(event) => {
              change(event.currentTarget.value);
              offer(event.currentTarget.value, event.currentTarget.selectionStart, false);
            }}
            onKeyDown={onKeyDown}
            onClick={() => setCompletion(null)}
            onBlur={() => setCompletion(null)}
          />
          {completion && spot && (
            <ul id={listId} class="completions" role="listbox" aria-label={words.value.completions} style={spot}>
              {completion.options.map((option, number) => (
                <li
                  key={option.label}
                  id={`${listId}-${number}`}
                  role="option"
                  aria-selected={number === chosen}
                  ref={(element) => {
                    if (number === chosen) element?.scrollIntoView({ block: "nearest" });
                  }}
                  onPointerDown={(event) => {
                    event.preventDefault();
                    take(number);
                  }}
                >
                  <span class="mono">{option.label}</span>
                  {option.about && <small>{option.about}</small>}
                </li>
              ))}
            </ul>
          )}
        </div>
      </div>
    </div>
  );
}
