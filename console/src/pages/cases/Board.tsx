import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../../api/client";
import type { CaseView } from "../../api/schema";
import { language, t } from "../../i18n";
import { go } from "../../state/page";
import { venueName } from "../../state/names";
import { ErrorNotice, Notice } from "../../ui/Notice";
import { LevelMark } from "../../ui/icons";
import { Views } from "../../ui/Views";
import { ALL, COLUMNS, isNarrowed, toPath, type Column } from "./board";
import { DueMark, follow, Holder } from "./bits";
import {
  board,
  boardState,
  claimNext,
  departmentName,
  desk,
  mayStep,
  me,
  narrow,
  narrowing,
  one,
  owners,
  readBoard,
  readMore,
  venues,
} from "./state";
import { w } from "./words";

const DUTY = "/cases?show=duty";

function Card({ one }: { one: CaseView }) {
  const words = w.value;
  const path = `/cases/${one.id}`;
  return (
    <li>
      <a
        class={`case-card level-edge-${one.level}`}
        href={path}
        data-testid="card"
        data-card=""
        data-case={one.id}
        onClick={(event) => follow(event, path)}
      >
        <span class="case-card-head">
          <LevelMark level={one.level} />
          <span class="mono">{one.id}</span>
          <span class="tag case-state">{t.value.review.state[one.state]}</span>
        </span>
        <strong class="case-card-title">{one.title[language.value] ?? one.id}</strong>
        <span class="case-card-foot">
          <span class="case-where">{one.venue ? venueName(one.venue) : departmentName(one.department, language.value)}</span>
          {one.drill && <span class="tag tag-drill">{words.drill}</span>}
          {one.verdict === "suspected" && one.confirmed_by.length > 0 && (
            <span class="tag" data-testid="half">
              ◐ {words.halfConfirmed}
            </span>
          )}
          <span class="num">{words.alertsIn(one.alerts.length)}</span>
        </span>
        <span class="case-card-foot">
          <Holder one={one} short />
          <DueMark one={one} />
        </span>
      </a>
    </li>
  );
}

function Pile({ column }: { column: Column }) {
  const words = w.value;
  const { cases, total, more, nextCursor } = board.value[column];
  return (
    <section class="case-column" aria-label={words.column[column]} data-testid={`column-${column}`}>
      <header>
        <h2>{words.column[column]}</h2>
        <span class="num case-count" data-testid="count">
          {total}
          {more && "+"}
        </span>
        <p class="dim">{words.columnNote[column]}</p>
      </header>
      {/* Cards scroll by key too. */}
      <ul tabIndex={0} aria-label={words.column[column]}>
        {cases.map((one) => (
          <Card key={one.id} one={one} />
        ))}
        {cases.length === 0 && <li class="dim case-none">{words.none}</li>}
        {nextCursor && (
          <li>
            <button type="button" class="link" onClick={() => void readMore(column)}>
              {words.more(total - cases.length)}
            </button>
          </li>
        )}
      </ul>
    </section>
  );
}

function Choice({ name, label, options }: {
  name: "kind" | "venue" | "owner" | "department";
  label: string;
  options: readonly [value: string, text: string][];
}) {
  const words = w.value.filter;
  const value = narrowing.value[name];
  // What the address asks for is a choice, even where the board has shown none of it yet.
  const all = value && !options.some(([each]) => each === value) ? [...options, [value, value] as const] : options;
  return (
    <label class="case-choice">
      <span class="dim">{label}</span>
      <select
        value={value ?? ""}
        data-testid={`filter-${name}`}
        onChange={(event) => narrow({ [name]: event.currentTarget.value || null })}
      >
        <option value="">{words.any}</option>
        {all.map(([each, text]) => (
          <option key={each} value={each}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

function FilterBar() {
  const words = w.value;
  const chosen = narrowing.value;
  const named = owners.value.filter((name) => name !== me.value);
  return (
    <div class="case-filters" role="toolbar" aria-label={words.filter.label}>
      <div class="case-group">
        {COLUMNS.map((column) => (
          <button
            type="button"
            key={column}
            aria-pressed={chosen.columns.includes(column)}
            data-testid={`filter-${column}`}
            onClick={() =>
              narrow({
                columns: COLUMNS.filter((each) =>
                  each === column ? !chosen.columns.includes(each) : chosen.columns.includes(each),
                ),
              })
            }
          >
            {words.column[column]}
          </button>
        ))}
      </div>
      <Choice
        name="kind"
        label={words.filter.kind}
        options={(desk.value?.books ?? []).map((book) => [book.id, book.title[language.value] ?? book.id])}
      />
      <Choice name="venue" label={words.filter.venue} options={venues.value.map((venue) => [venue, venueName(venue)])} />
      <Choice
        name="owner"
        label={words.filter.owner}
        options={[[me.value, `${words.filter.me} (${me.value})`], ...named.map((name) => [name, name] as [string, string])]}
      />
      <Choice
        name="department"
        label={words.filter.department}
        options={(desk.value?.departments ?? []).map((each) => [each.id, each[language.value]])}
      />
      <div class="case-group">
        <button
          type="button"
          aria-pressed={chosen.late}
          data-testid="filter-late"
          onClick={() => narrow({ late: !chosen.late })}
        >
          {words.filter.late}
        </button>
      </div>
      <input
        type="search"
        class="case-search"
        placeholder={words.filter.search}
        aria-label={words.filter.search}
        value={chosen.text}
        onChange={(event) => narrow({ text: event.currentTarget.value.trim() })}
      />
      <Views page="cases" query={new URL(toPath(chosen), "http://x").search.slice(1)} open={(query) => go(`/cases?${query}`)} />
      {isNarrowed(chosen) && (
        <button type="button" class="link" data-testid="clear" onClick={() => narrow(ALL)}>
          {words.filter.clear}
        </button>
      )}
    </div>
  );
}

function Empty() {
  const words = w.value;
  if (isNarrowed(narrowing.value)) {
    return (
      <Notice title={words.narrowedTitle}>
        <button type="button" class="button" onClick={() => narrow(ALL)}>
          {words.filter.clear}
        </button>
      </Notice>
    );
  }
  return (
    <Notice title={words.emptyTitle}>
      <p>{words.empty}</p>
      <a class="button" href="/" onClick={(event) => follow(event, "/")}>
        {words.toReview}
      </a>
    </Notice>
  );
}

export function Board() {
  const words = w.value;
  const [noneWaits, setNoneWaits] = useState(false);
  const state = boardState.value;
  // Back from a case one goes on with the next: the focus is where one left.
  useEffect(() => {
    const left = one.peek()?.id;
    if (state === "ready" && left) document.querySelector<HTMLElement>(`[data-card][data-case="${left}"]`)?.focus();
  }, [state]);
  const columns = narrowing.value.columns.length ? narrowing.value.columns : COLUMNS;
  const total = columns.reduce((sum, column) => sum + board.value[column].total, 0);
  const sessionPath = "/cases?report=session";
  return (
    <main class="case-board" data-testid="board">
      <div class="case-board-head">
        <h1>{words.title}</h1>
        <span class="dim num">{words.total(total)}</span>
        <span class="case-board-does">
          {noneWaits && (
            <span class="dim" role="status">
              {words.nextNone}
            </span>
          )}
          {mayStep.value && (
            <button
              type="button"
              class="button"
              data-testid="claim-next"
              onClick={() => void claimNext().then((found) => setNoneWaits(!found))}
            >
              {words.next}
            </button>
          )}
          <a class="button" href={DUTY} data-testid="duty" onClick={(event) => follow(event, DUTY)}>
            {words.duty.title}
          </a>
          <a class="button" href={sessionPath} data-testid="session-report" onClick={(event) => follow(event, sessionPath)}>
            {words.reportSession}…
          </a>
        </span>
      </div>
      <FilterBar />
      {state instanceof ApiError ? (
        <ErrorNotice title={words.failedTitle} error={state} retry={() => void readBoard()} />
      ) : state === "loading" ? (
        <Notice title={words.loading} />
      ) : total === 0 ? (
        <Empty />
      ) : (
        <div class="case-columns" style={{ "--columns": columns.length }}>
          {columns.map((column) => (
            <Pile key={column} column={column} />
          ))}
        </div>
      )}
    </main>
  );
}

export const backToBoard = () => go(toPath(narrowing.value));
