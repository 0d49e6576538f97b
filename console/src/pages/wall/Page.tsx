import { useEffect } from "preact/hooks";
import type { LevelCount, WallAlert, WallView } from "../../api/schema";
import { language, t } from "../../i18n";
import { now } from "../../state/clock";
import { connection, health } from "../../state/desk";
import { go } from "../../state/page";
import { currentSession, phaseAt } from "../../state/session";
import { examName, sessionName, venueName } from "../../state/names";
import { countdown, parts, percent, timeOfDay } from "../../text/format";
import { KindMark, LEVEL_MARKS, StateDot } from "../../ui/icons";
import { SoundSwitch } from "../../ui/SoundSwitch";
import { useLoad } from "../parts/load";
import { heardShare, troubles, type Trouble } from "./figures";
import "./style.css";
import { words } from "./words";

const REREAD_MS = 4_000;
const N_NAMED = 3;
const N_ALERTS = 6;

const age = (since: string) => t.value.span(...parts(now.value - Date.parse(since)));

function Clock() {
  const session = health.value ? currentSession(health.value.sessions, now.value) : null;
  if (!session) return <div class="wall-session dim">{health.value ? t.value.session.none : ""}</div>;
  const [start, end] = [Date.parse(session.starts_at), Date.parse(session.ends_at)];
  const phase = phaseAt(session, now.value);
  const clock = { before: start - now.value, in: end - now.value, after: now.value - end }[phase];
  const say = t.value.session;
  const story = {
    before: () => say.startsIn(countdown(clock)),
    in: () => say.running(countdown(now.value - start), countdown(clock)),
    after: () => say.endedAgo(countdown(clock)),
  }[phase]();
  return (
    <div class={`wall-session session-${phase}`} data-testid="wall-session">
      <span class="phase">{t.value.phase[phase]}</span>
      <span class="wall-exam">
        {examName(session.exam)} · {sessionName(session)}
      </span>
      <span class="num wall-story">{story}</span>
    </div>
  );
}

function Connection() {
  const state = connection.value;
  const say = t.value.connection;
  const text = state.state === "lost" ? say.lostNow : say[state.state];
  const dot = ({ live: "ok", connecting: "starting", lost: "failed" } as const)[state.state];
  return (
    <span class={`wall-connection connection-${state.state}`} role="status">
      <StateDot state={dot} /> {text}
    </span>
  );
}

function Level({ of, known }: { of: LevelCount; known: boolean }) {
  const say = words.value;
  return (
    <div class={`wall-level wall-${of.level} ${known && of.n === 0 ? "wall-idle" : ""}`} data-testid={`wall-${of.level}`}>
      <div class="wall-name">
        {LEVEL_MARKS[of.level]} {t.value.level[of.level]}
      </div>
      <div class="wall-number num">{known ? of.n : "–"}</div>
      <div class="wall-note num">{of.oldest_at ? say.oldest(age(of.oldest_at)) : known ? say.none : " "}</div>
    </div>
  );
}

function Newest({ alert }: { alert: WallAlert }) {
  const say = words.value;
  return (
    <li class={`wall-alert wall-edge-${alert.level} ${alert.judged ? "wall-done" : ""}`}>
      <span class="wall-mark">{LEVEL_MARKS[alert.level]}</span>
      <KindMark kind={alert.kind} size={32} />
      <span class="wall-title">{(language.value === "zh" ? alert.title_zh : alert.title_en) || alert.title_en || alert.title_zh}</span>
      {alert.drill && <span class="wall-tag">{say.drill}</span>}
      {alert.judged && <span class="wall-tag">{say.judged}</span>}
      <span class="wall-venue">{alert.venue && venueName(alert.venue)}</span>
      <span class="num wall-time">{timeOfDay(alert.updated_at).slice(0, 5)}</span>
    </li>
  );
}

function PartsOf({ name, all, bad }: { name: string; all: number | null; bad: readonly Trouble[] }) {
  const say = words.value;
  return (
    <div class={`wall-box ${bad.length ? "wall-bad" : ""}`}>
      <h2>{name}</h2>
      {all === null && <p>{say.unknown}</p>}
      {all !== null && bad.length === 0 && (
        <p>
          <StateDot state={all ? "ok" : "unknown"} /> {all ? say.allWell(all) : say.noneThere}
        </p>
      )}
      {bad.slice(0, N_NAMED).map((one) => (
        <p key={one.id} class="wall-trouble">
          <StateDot state={one.state} /> {one.id} <span class="dim">{t.value.partState[one.state]}</span>
        </p>
      ))}
      {bad.length > N_NAMED && <p class="dim">{say.and(bad.length - N_NAMED)}</p>}
    </div>
  );
}

const UNKNOWN: readonly LevelCount[] = (["critical", "high", "medium", "low"] as const).map((level) => ({ level, n: 0, oldest_at: null }));

/** The duty room's big screen: read from five metres, touched by nobody. */
export default function Wall() {
  const say = words.value;
  const wall = useLoad<WallView>("/api/wall", REREAD_MS);
  const view = wall.value;
  const state = health.value;
  const heard = state ? heardShare(state.sensors) : null;
  const stale = connection.value.state === "lost" || wall.error !== null;
  useEffect(() => {
    // A screen that sleeps shows nothing; where the browser cannot keep it awake, the system's settings must.
    let lock: WakeLockSentinel | null = null;
    const ask = () => {
      if (document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
      navigator.wakeLock.request("screen").then(
        (got) => (lock = got),
        () => undefined,
      );
    };
    ask();
    document.addEventListener("visibilitychange", ask);
    return () => {
      document.removeEventListener("visibilitychange", ask);
      void lock?.release();
    };
  }, []);
  return (
    <main class="wall" data-testid="wall">
      <header class="wall-head">
        <Clock />
        <Connection />
        <time class="num wall-clock">{timeOfDay(now.value)}</time>
        <SoundSwitch />
        <a
          class="wall-leave"
          href="/"
          aria-label={say.leave}
          title={say.leave}
          onClick={(event) => {
            event.preventDefault();
            go("/");
          }}
        >
          ✕
        </a>
      </header>
      {stale && (
        <p class="wall-stale" role="alert">
          {say.stale}
        </p>
      )}
      <section class="wall-levels" aria-label={say.unjudged}>
        {(view?.levels ?? UNKNOWN).map((level) => (
          <Level key={level.level} of={level} known={view !== null} />
        ))}
      </section>
      <div class="wall-foot">
        <section class="wall-newest" aria-label={say.newest}>
          <h2>{say.newest}</h2>
          {view?.newest.length === 0 && <p class="dim">{say.noGrave}</p>}
          <ul>
            {view?.newest.slice(0, N_ALERTS).map((alert) => (
              <Newest key={alert.fingerprint} alert={alert} />
            ))}
          </ul>
        </section>
        <section class="wall-boxes">
          <PartsOf name={say.sensors} all={state?.sensors.length ?? null} bad={state ? troubles(state.sensors) : []} />
          <PartsOf name={say.sources} all={state?.sources.length ?? null} bad={state ? troubles(state.sources) : []} />
          <div class="wall-box">
            <h2>{say.heard}</h2>
            <p class="wall-figure num">{heard === null ? say.unknown : percent(heard)}</p>
            <p class="dim">{say.heardHint}</p>
          </div>
          <div class={`wall-box ${view && view.n_late_cases > 0 ? "wall-bad" : ""}`}>
            <h2>{say.late}</h2>
            <p class="wall-figure num">{view ? view.n_late_cases : say.unknown}</p>
            {view && <p class="dim num">{say.open(view.n_open_cases)}</p>}
          </div>
        </section>
      </div>
    </main>
  );
}
