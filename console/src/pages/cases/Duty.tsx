/** Who is on duty, what is open with whom, and handing over with a note. */
import { useEffect, useState } from "preact/hooks";
import { ApiError, get, getAlert, send } from "../../api/client";
import type { AlertView, DepartmentDuty, DutyView, HandoverPage, HandoverView } from "../../api/schema";
import { language, prose } from "../../i18n";
import { now } from "../../state/clock";
import { onCase } from "../../state/desk";
import { isPerson, who } from "../../state/person";
import { when } from "../../text/format";
import { LevelMark } from "../../ui/icons";
import { ErrorNotice, Notice } from "../../ui/Notice";
import { backToBoard } from "./Board";
import { follow, lasting, Refusal } from "./bits";
import { asApiError, departmentName, mayStep } from "./state";
import { w } from "./words";

const REFRESH_MS = 20_000;
const SOON_MS = 600;
const MOST_SHOWN = 8;
const MOST_UNSEEN = 20;

interface Seen {
  readonly duty: DutyView;
  readonly past: readonly HandoverView[];
}

async function read(): Promise<Seen> {
  const [duty, page] = await Promise.all([get<DutyView>("/api/duty"), get<HandoverPage>("/api/handovers?limit=10")]);
  return { duty, past: page.handovers };
}

/** The state of duty, read anew when a case changes and every now and then: escalations go on by the clock. */
function useDuty(): { seen: Seen | null; error: ApiError | null; reread: () => void } {
  const [seen, setSeen] = useState<Seen | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [asked, setAsked] = useState(0);
  const reread = () => setAsked((n) => n + 1);
  useEffect(() => {
    let gone = false;
    let timer = 0;
    const run = () => {
      clearTimeout(timer);
      read().then(
        (found) => {
          if (gone) return;
          setSeen(found);
          setError(null);
          timer = window.setTimeout(run, REFRESH_MS);
        },
        (cause: unknown) => {
          if (gone) return;
          setError(asApiError(cause));
          timer = window.setTimeout(run, REFRESH_MS);
        },
      );
    };
    run();
    const endEvents = onCase(() => {
      clearTimeout(timer);
      timer = window.setTimeout(run, SOON_MS);
    });
    return () => {
      gone = true;
      clearTimeout(timer);
      endEvents();
    };
  }, [asked]);
  return { seen, error, reread };
}

function HandOver({ one, duty, done }: { one: DepartmentDuty; duty: DutyView; done: () => void }) {
  const words = w.value;
  const [to, setTo] = useState("");
  const [note, setNote] = useState("");
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  return (
    <form
      class="duty-form"
      data-testid="hand-over-form"
      onSubmit={(event) => {
        event.preventDefault();
        const person = who.value;
        if (!isPerson(person) || busy) return;
        setBusy(true);
        send<HandoverView>("POST", "/api/handovers", person.csrf, { department: one.id, to, note: note.trim() }).then(
          done,
          (cause: unknown) => {
            setError(asApiError(cause));
            setBusy(false);
          },
        );
      }}
    >
      <p>{words.duty.willSay(one.open_cases.length, duty.unseen.length)}</p>
      <label>
        {words.duty.to}{" "}
        <select required autofocus value={to} onChange={(event) => setTo(event.currentTarget.value)}>
          <option value="">{words.duty.choose}</option>
          {duty.roster.map((person) => (
            <option key={person.id} value={person.id}>
              {person.name[language.value]}
            </option>
          ))}
        </select>
      </label>
      <textarea
        rows={3}
        maxLength={4000}
        value={note}
        placeholder={words.duty.noteHint}
        aria-label={words.duty.note}
        onInput={(event) => setNote(event.currentTarget.value)}
      />
      <span class="case-ask">
        <button class="button button-main" disabled={busy}>
          {words.duty.handOver}
        </button>
        <button type="button" class="link" onClick={done}>
          {words.cancel}
        </button>
      </span>
      <Refusal error={error} />
    </form>
  );
}

/** A shift without a beginning is told by the server as the beginning of time. */
const begun = (since: string | null) => (since !== null && Date.parse(since) > 0 ? since : null);

function Department({ one, duty, reread }: { one: DepartmentDuty; duty: DutyView; reread: () => void }) {
  const words = w.value;
  const [open, setOpen] = useState(false);
  const since = begun(one.since);
  const board = `/cases?department=${one.id}`;
  return (
    <section class="duty-department" data-testid={`duty-${one.id}`} aria-label={one.name[language.value]}>
      <div class="duty-row">
        <h3>{one.name[language.value]}</h3>
        <span>
          {one.people.length > 0 ? (
            <strong>{one.people.map((person) => person.name[language.value]).join(", ")}</strong>
          ) : (
            <span class={one.open_cases.length ? "case-late" : "dim"}>
              {one.open_cases.length ? "⚠ " : ""}
              {words.duty.nobody}
            </span>
          )}
          <span class="dim num">
            {" "}
            {since && words.duty.since(when(since, now.value))}{" "}
            {one.until && words.duty.until(when(one.until, now.value))}
          </span>
        </span>
        <span class="duty-cases">
          <a href={board} onClick={(event) => follow(event, board)} class="num">
            {words.duty.open(one.open_cases.length)}
          </a>{" "}
          {one.open_cases.slice(0, MOST_SHOWN).map((id) => (
            <a class="mono" key={id} href={`/cases/${id}`} onClick={(event) => follow(event, `/cases/${id}`)}>
              {id}
            </a>
          ))}
          {one.open_cases.length > MOST_SHOWN && <span class="dim">…</span>}
        </span>
        {mayStep.value && (
          <button
            type="button"
            class="button button-small"
            aria-expanded={open}
            data-testid="hand-over"
            onClick={() => setOpen(!open)}
          >
            {words.duty.handOver}…
          </button>
        )}
      </div>
      {one.handover?.note && (
        <p class="case-quote">
          {one.handover.note}{" "}
          <span class="dim">
            {one.handover.by}, <span class="num">{when(one.handover.at, now.value)}</span>
          </span>
        </p>
      )}
      {open && (
        <HandOver
          one={one}
          duty={duty}
          done={() => {
            setOpen(false);
            reread();
          }}
        />
      )}
    </section>
  );
}

/** Grave alerts that nobody has seen yet, and who is called next. */
function Unseen({ duty }: { duty: DutyView }) {
  const words = w.value;
  const [known, setKnown] = useState<Readonly<Record<string, AlertView>>>({});
  const shown = duty.unseen.slice(0, MOST_UNSEEN);
  const prints = shown.map((one) => one.alert).join();
  useEffect(() => {
    const missing = shown.filter((one) => !known[one.alert]);
    void Promise.allSettled(missing.map((one) => getAlert(one.alert))).then((answers) => {
      const read = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
      if (read.length) {
        setKnown((before) => ({ ...before, ...Object.fromEntries(read.map((alert) => [alert.fingerprint, alert])) }));
      }
    });
  }, [prints]);
  /** ``duty:1`` is the first of a department's people, ``duty`` all of them. */
  const nameOf = (target: string) => {
    const [id = "", rank] = target.split(":");
    const name = departmentName(id, language.value);
    return rank ? words.duty.nth(name, rank) : name;
  };
  return (
    <section class="block" data-testid="unseen">
      <h2>
        {words.duty.unseen} <span class="num">({duty.unseen.length})</span>
      </h2>
      {duty.unseen.length === 0 && <p class="dim">{words.duty.unseenNone}</p>}
      <ul class="case-alerts">
        {shown.map((one) => {
          const alert = known[one.alert];
          const path = `/alerts/${one.alert}`;
          const left = one.next_at ? Date.parse(one.next_at) - now.value : null;
          return (
            <li class="case-alert" key={one.id}>
              {alert && <LevelMark level={alert.level} />}
              <a href={path} onClick={(event) => follow(event, path)}>
                {alert ? prose(alert.annotations, "title") : one.alert}
              </a>
              <span class="case-summary dim">{words.duty.step(one.n_done, one.n_steps)}</span>
              <span class={`num ${left !== null && left < 0 ? "case-late" : ""}`}>
                {left === null
                  ? words.duty.ended
                  : words.duty.next(one.next_to.map(nameOf).join(", "), lasting(Math.max(0, left)))}
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Past({ past, duty }: { past: readonly HandoverView[]; duty: DutyView }) {
  const words = w.value;
  const personName = (id: string) => duty.roster.find((one) => one.id === id)?.name[language.value] ?? id;
  return (
    <section class="block" data-testid="handovers">
      <h2>{words.duty.past}</h2>
      {past.length === 0 && <p class="dim">{words.duty.pastNone}</p>}
      <ol class="case-timeline">
        {past.map((one) => (
          <li key={one.id}>
            <time class="num dim">{when(one.at, now.value)}</time>
            <span>
              <strong>{one.by}</strong> → <strong>{personName(one.to)}</strong> ·{" "}
              {departmentName(one.department, language.value)}
              <span class="dim"> · {words.duty.said(one.n_cases, one.n_unseen)}</span>
              {one.note && <span class="case-quote">{one.note}</span>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

export function Duty() {
  const words = w.value;
  const { seen, error, reread } = useDuty();
  return (
    <main class="duty" data-testid="duty">
      <div class="case-board-head">
        <h1>{words.duty.title}</h1>
        <span class="case-board-does">
          <button type="button" class="link" data-key="Escape" onClick={backToBoard} title={words.back}>
            Esc ✕
          </button>
        </span>
      </div>
      {error && error.code === "no-duty" && (
        <Notice title={words.duty.noneTitle}>
          <p>{words.duty.none}</p>
        </Notice>
      )}
      {error && error.code !== "no-duty" && <ErrorNotice title={words.duty.failed} error={error} retry={reread} />}
      {!seen && !error && <Notice title={words.loading} />}
      {seen && !error && (
        <>
          <Unseen duty={seen.duty} />
          <section class="block">
            <h2>{words.duty.departments}</h2>
            {seen.duty.departments.map((one) => (
              <Department key={one.id} one={one} duty={seen.duty} reread={reread} />
            ))}
          </section>
          <Past past={seen.past} duty={seen.duty} />
        </>
      )}
    </main>
  );
}
