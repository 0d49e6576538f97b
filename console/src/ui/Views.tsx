import { useEffect, useRef, useState } from "preact/hooks";
import type { SavedViewView } from "../api/schema";
import { t } from "../i18n";
import {
  changeView,
  dropView,
  LONGEST_NAME,
  openPageWith,
  readViews,
  saveView,
  viewRefusal,
  views,
  type ViewPage,
} from "../state/views";

interface Asked {
  readonly page: ViewPage;
  /** What the page shows now, as its address says it; empty for the whole list. */
  readonly query: string;
  readonly open: (query: string) => void;
}

function Line({ view, asked, at, last, done }: { view: SavedViewView; asked: Asked; at: number; last: boolean; done: () => void }) {
  const words = t.value.views;
  const isOpen = view.query === asked.query;
  const tool = (testid: string, label: string, sign: string, run: () => void, extra?: { pressed?: boolean; off?: boolean }) => (
    <button
      type="button"
      class="view-tool"
      data-testid={testid}
      title={label}
      aria-label={`${label}: ${view.name}`}
      aria-pressed={extra?.pressed}
      disabled={extra?.off}
      onClick={run}
    >
      {sign}
    </button>
  );
  return (
    <li class="view" data-testid="view">
      <button
        type="button"
        class="view-open"
        aria-pressed={isOpen}
        onClick={() => {
          asked.open(view.query);
          done();
        }}
      >
        <span class="view-title">{view.name}</span>
        {!view.mine && <span class="dim view-owner">{words.of(view.owner)}</span>}
      </button>
      {tool("view-default", words.opensWith, view.is_default ? "★" : "☆", () => void openPageWith(asked.page, view.is_default ? null : view), {
        pressed: view.is_default,
      })}
      {view.mine && (
        <>
          <button
            type="button"
            class="view-tool view-share"
            data-testid="view-share"
            title={words.shareHint}
            aria-label={`${words.shareHint}: ${view.name}`}
            aria-pressed={view.shared}
            onClick={() => void changeView(view, { shared: !view.shared })}
          >
            {view.shared ? words.shared : words.share}
          </button>
          {tool("view-up", words.up, "↑", () => void changeView(view, { place: at - 1 }), { off: at === 0 })}
          {tool("view-down", words.down, "↓", () => void changeView(view, { place: at + 1 }), { off: last })}
          {tool("view-drop", words.drop, "✕", () => void dropView(view))}
        </>
      )}
    </li>
  );
}

function Lines({ title, lines, asked, done }: { title: string; lines: readonly SavedViewView[]; asked: Asked; done: () => void }) {
  if (lines.length === 0) return null;
  return (
    <>
      <h2 class="views-title">{title}</h2>
      <ul>
        {lines.map((view, at) => (
          <Line key={view.id} view={view} asked={asked} at={at} last={at === lines.length - 1} done={done} />
        ))}
      </ul>
    </>
  );
}

function Panel({ asked, close }: { asked: Asked; close: () => void }) {
  const words = t.value.views;
  const here = views.value.filter((view) => view.page === asked.page);
  const mine = here.filter((view) => view.mine);
  const refused = viewRefusal.value;
  return (
    <div class="views-panel" data-testid="views-panel" role="group" aria-label={words.title}>
      <Lines title={words.mine} lines={mine} asked={asked} done={close} />
      <Lines title={words.ofOthers} lines={here.filter((view) => !view.mine)} asked={asked} done={close} />
      {asked.query ? (
        <form
          class="view-name"
          onSubmit={(event) => {
            event.preventDefault();
            const form = new FormData(event.currentTarget);
            const shared = form.get("shared") === "on";
            void saveView({ page: asked.page, name: String(form.get("name") ?? ""), query: asked.query, shared }).then(
              (isSaved) => isSaved && close(),
            );
          }}
        >
          <label>
            {words.save}
            <input name="name" required maxLength={LONGEST_NAME} placeholder={words.name} data-testid="view-name" />
          </label>
          <label class="check">
            <input type="checkbox" name="shared" /> {words.shareHint}
          </label>
          <button type="submit" class="button">
            {words.keep}
          </button>
        </form>
      ) : (
        <p class="dim">{here.length ? words.narrowFirst : words.none}</p>
      )}
      {refused && (
        <p class="review-refusal" role="alert" data-testid="views-refused">
          {words.refused} <span class="dim">{refused.message}</span>
        </p>
      )}
    </div>
  );
}

/** The saved views of a page: what is open, and all of them behind a button. */
export function Views(asked: Asked) {
  const words = t.value.views;
  const [isDown, setDown] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const open = views.value.find((view) => view.page === asked.page && view.query === asked.query);
  const close = () => {
    setDown(false);
    box.current?.querySelector("button")?.focus();
  };
  useEffect(() => {
    if (!isDown) return undefined;
    // What a colleague has shared meanwhile.
    void readViews();
    const outside = (event: Event) => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) setDown(false);
    };
    // Before the console's own keys, and wherever the focus is: a view that is deleted takes it along.
    const escape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      close();
    };
    addEventListener("pointerdown", outside);
    addEventListener("keydown", escape, true);
    return () => {
      removeEventListener("pointerdown", outside);
      removeEventListener("keydown", escape, true);
    };
  }, [isDown]);
  return (
    <div class="views" ref={box}>
      <button
        type="button"
        class={`views-button ${open ? "views-button-on" : ""}`}
        aria-expanded={isDown}
        data-testid="views"
        onClick={() => setDown(!isDown)}
      >
        {open ? open.name : words.title} <span aria-hidden="true">▾</span>
      </button>
      {isDown && <Panel asked={asked} close={close} />}
    </div>
  );
}
