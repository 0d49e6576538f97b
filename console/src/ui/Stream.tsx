import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { AlertView } from "../api/schema";
import { ApiError } from "../api/client";
import { prose, t } from "../i18n";
import { now } from "../state/clock";
import {
  filters,
  listState,
  loadMore,
  narrow,
  pointed,
  reload,
  scrolled,
  select,
  selected,
  showWaiting,
  stream,
} from "../state/desk";
import { ALL, isFiring, isJudged, isNarrowed } from "../state/filters";
import { marks, toggleMark } from "../state/marks";
import { reviewer, told } from "../state/review";
import { venueName } from "../state/names";
import { when } from "../text/format";
import { FilterBar } from "./Filters";
import { KindMark, LevelMark } from "./icons";
import { ErrorNotice, Notice } from "./Notice";
import { Several } from "./Several";

/** Rows have one height, so that only those in view need to exist. Kept equal to --row in tokens.css. */
const ROW_PX = 58;
const BEYOND = 8;

function Row({ alert, index, top }: { alert: AlertView; index: number; top: number }) {
  const words = t.value;
  const isSelected = alert.fingerprint === selected.value;
  const isMarked = marks.value.has(alert.fingerprint);
  // A post does not end: only what may still be on the air is worth a word here.
  const active = alert.kind !== "web" && isFiring(alert, now.value);
  const tags = [
    ...(alert.drill ? [words.alert.drill] : []),
    ...(alert.experimental ? [words.alert.experimental] : []),
  ];
  return (
    <div
      id={`alert-${alert.fingerprint}`}
      class={`row ${reviewer() ? "row-markable" : ""} level-edge-${alert.level} ${isSelected ? "row-selected" : ""}`}
      role="option"
      aria-selected={isSelected}
      aria-setsize={stream.value.total}
      aria-posinset={index + 1}
      data-testid="row"
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => select(alert.fingerprint)}
    >
      {reviewer() && (
        <span
          class={`mark-box ${isMarked ? "mark-box-on" : ""}`}
          role={isMarked ? "img" : undefined}
          aria-label={isMarked ? words.several.mark : undefined}
          title={words.several.markHint}
          data-testid="mark"
          onClick={(event) => {
            event.stopPropagation();
            toggleMark(alert.fingerprint);
          }}
        >
          {isMarked ? "✓" : ""}
        </span>
      )}
      <LevelMark level={alert.level} />
      <KindMark kind={alert.kind} />
      <div class="row-text">
        <div class="row-head">
          <span class="row-title">{prose(alert.annotations, "title")}</span>
          <time class="num" dateTime={alert.updated_at}>
            {when(alert.updated_at, now.value)}
          </time>
        </div>
        <div class="row-foot">
          <span class="row-summary">{prose(alert.annotations, "summary")}</span>
          {active && <span class="tag tag-firing">{words.state.firing}</span>}
          {tags.map((tag) => (
            <span class="tag" key={tag}>
              {tag}
            </span>
          ))}
          {alert.case && (
            <span class={`tag ${alert.case.verdict ? "tag-judged" : ""}`} data-testid="row-case">
              {words.review.state[alert.case.state] ?? alert.case.state}
            </span>
          )}
          {alert.count > 1 && <span class="tag num">×{alert.count}</span>}
          {alert.venue && <span class="row-venue">{venueName(alert.venue)}</span>}
        </div>
      </div>
    </div>
  );
}

function WaitingButton({ top }: { top: () => void }) {
  const words = t.value.stream;
  const { waiting, nCut } = stream.value;
  const gravest = waiting[0];
  return (
    <div class="waiting" aria-live="polite">
      {gravest && (
        <button
          type="button"
          data-testid="waiting"
          onClick={() => {
            showWaiting();
            top();
          }}
        >
          <LevelMark level={gravest.level} />
          <span>{words.waiting(waiting.length + nCut)}</span>
          <span class="dim">{words.waitingHint}</span>
        </button>
      )}
    </div>
  );
}

function Placeholder() {
  const words = t.value.stream;
  const state = listState.value;
  if (state instanceof ApiError) {
    return <ErrorNotice title={words.failedTitle} error={state} retry={() => void reload()} />;
  }
  if (state === "loading") return <Notice title={words.loading} />;
  if (isNarrowed(filters.value)) {
    return (
      <Notice title={words.narrowedTitle}>
        <p>{words.narrowed}</p>
        <button type="button" class="button" onClick={() => narrow(ALL)}>
          {words.clear}
        </button>
      </Notice>
    );
  }
  return (
    <Notice title={words.emptyTitle}>
      <p>{words.empty}</p>
      <p class="dim">{words.emptyCheck}</p>
    </Notice>
  );
}

/** What was judged stays where it stands: the list says how many are left. */
function leftToJudge(total: number, rows: readonly AlertView[]): number {
  return Math.max(0, total - rows.filter(isJudged).length);
}

export function StreamPane() {
  const words = t.value.stream;
  const scroller = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(800);
  /** How much of the list's foot lies under the panel for several alerts. */
  const [cover, setCover] = useState(0);
  const { rows, total, more, nextCursor } = stream.value;

  useEffect(() => {
    const box = scroller.current;
    if (!box) return undefined;
    const watch = new ResizeObserver(() => setHeight(box.clientHeight));
    watch.observe(box);
    return () => watch.disconnect();
  }, []);

  // Walking with the keyboard keeps the selected row in view, by no more than is needed.
  useLayoutEffect(() => {
    const box = scroller.current;
    const at = rows.findIndex((row) => row.fingerprint === selected.value);
    if (!box || at < 0) return;
    const inSight = box.clientHeight - cover;
    if (at * ROW_PX < box.scrollTop) box.scrollTop = at * ROW_PX;
    else if ((at + 1) * ROW_PX > box.scrollTop + inSight) box.scrollTop = (at + 1) * ROW_PX - inSight;
  }, [selected.value]);

  const from = Math.max(0, Math.floor(top / ROW_PX) - BEYOND);
  const to = Math.min(rows.length, Math.ceil((top + height) / ROW_PX) + BEYOND);
  useEffect(() => {
    if (nextCursor && to > rows.length - BEYOND) void loadMore();
  }, [to, rows.length, nextCursor]);

  return (
    <section class="stream" aria-label={words.title}>
      <div class="stream-head">
        <h1>{words.title}</h1>
        <span class="dim num" data-testid="total">
          {words.total(total, more)}
          {filters.value.review === "open" && !more && rows.some(isJudged) && ` · ${words.left(leftToJudge(total, rows))}`}
        </span>
        <WaitingButton
          top={() => {
            if (scroller.current) scroller.current.scrollTop = 0;
          }}
        />
      </div>
      <p class="hidden" role="status" data-testid="told">
        {told.value && t.value.review.told(t.value.review.state[told.value.verdict] ?? "", prose(told.value.title, "title"))}
      </p>
      <FilterBar />
      <div
        class="rows"
        ref={scroller}
        role="listbox"
        tabIndex={0}
        aria-label={words.list}
        aria-activedescendant={selected.value ? `alert-${selected.value}` : undefined}
        onScroll={(event) => {
          setTop(event.currentTarget.scrollTop);
          scrolled.value = event.currentTarget.scrollTop > 4;
        }}
        onPointerEnter={() => {
          pointed.value = true;
        }}
        onPointerLeave={() => {
          pointed.value = false;
        }}
      >
        {rows.length === 0 ? (
          <Placeholder />
        ) : (
          <div class="rows-all" style={{ height: `${rows.length * ROW_PX + cover}px` }}>
            {rows.slice(from, to).map((alert, i) => (
              <Row key={alert.fingerprint} alert={alert} index={from + i} top={(from + i) * ROW_PX} />
            ))}
          </div>
        )}
        {rows.length > 0 && listState.value instanceof ApiError && (
          <ErrorNotice title={words.failedTitle} error={listState.value} retry={() => void reload()} />
        )}
      </div>
      <Several covers={setCover} />
    </section>
  );
}
