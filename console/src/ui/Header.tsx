import { useState } from "preact/hooks";
import type { HealthView } from "../api/schema";
import { language, switchLanguage, t } from "../i18n";
import { now } from "../state/clock";
import { connection, health, helpOpen, select } from "../state/desk";
import { isPerson, leave, who } from "../state/person";
import { go } from "../state/page";
import { currentSession, phaseAt } from "../state/session";
import { switchTheme, theme } from "../state/theme";
import { examName, sessionName, venueName } from "../state/names";
import { countdown, timeOfDay, when, zone } from "../text/format";
import { PageTabs } from "./Pages";
import { Logo, MoonIcon, StateDot, SunIcon, WallIcon } from "./icons";
import { SoundSwitch } from "./SoundSwitch";

function toOverview(): void {
  select(null);
  go("/");
}

function SessionBox() {
  const words = t.value;
  const session = health.value ? currentSession(health.value.sessions, now.value) : null;
  if (!session) {
    return <div class="session">{health.value ? <span class="dim">{words.session.none}</span> : null}</div>;
  }
  const [start, end] = [Date.parse(session.starts_at), Date.parse(session.ends_at)];
  const phase = phaseAt(session, now.value);
  const story = {
    before: () => words.session.startsIn(countdown(start - now.value)),
    in: () => words.session.running(countdown(now.value - start), countdown(end - now.value)),
    after: () => words.session.endedAgo(countdown(now.value - end)),
  }[phase]();
  return (
    <div class={`session session-${phase}`} data-testid="session" title={story}>
      <span class="phase">{words.phase[phase]}</span>
      <span class="name" title={`${examName(session.exam)} · ${sessionName(session)}`}>
        <span class="exam">{examName(session.exam)} · </span>
        {sessionName(session)}
      </span>
      <span class="story num">{story}</span>
      {phase === "in" && <progress value={now.value - start} max={end - start} aria-label={story} />}
    </div>
  );
}

interface Part {
  id: string;
  state: "ok" | "starting" | "silent" | "failed" | "ended" | "elsewhere";
  lines: string[];
}

function sensorParts(view: HealthView): Part[] {
  const words = t.value;
  return view.sensors.map((s) => ({
    id: s.venue ? `${s.id} · ${venueName(s.venue)}` : s.id,
    state: s.state,
    lines: [
      s.last_seen_at ? words.header.lastSeen(when(s.last_seen_at, now.value)) : words.header.never,
      ...(s.n_samples_lost ? [words.header.samplesLost(s.n_samples_lost.toLocaleString())] : []),
      ...(s.n_dropped ? [words.header.dropped(s.n_dropped.toLocaleString())] : []),
      ...(s.error ? [s.error] : []),
    ],
  }));
}

function sourceParts(view: HealthView): Part[] {
  const words = t.value;
  return view.sources.map((s) => ({
    id: s.id,
    state: s.state,
    lines: [
      s.last_ok_at ? words.header.lastOk(when(s.last_ok_at, now.value)) : words.header.never,
      ...(s.next_at ? [words.header.next(when(s.next_at, now.value))] : []),
      ...(s.n_failures ? [words.header.failures(s.n_failures)] : []),
      ...(s.error ? [s.error] : []),
    ],
  }));
}

const GRAVITY = ["failed", "silent", "starting", "ended", "elsewhere", "ok"] as const;

function PartsMenu({ name, parts, none }: { name: string; parts: Part[] | null; none: string }) {
  const words = t.value;
  const [open, setOpen] = useState(false);
  const stale = connection.value.state !== "live" || parts === null;
  const worst = GRAVITY.find((state) => parts?.some((part) => part.state === state)) ?? "ok";
  const nOk = parts?.filter((part) => ["ok", "ended", "elsewhere"].includes(part.state)).length ?? 0;
  return (
    <div
      class="parts"
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOpen(false);
      }}
    >
      <button
        type="button"
        class={`chip ${!stale && (worst === "failed" || worst === "silent") ? "chip-bad" : ""}`}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        onKeyDown={(event) => {
          if (event.key === "Escape" && open) {
            event.stopPropagation();
            setOpen(false);
          }
        }}
      >
        <StateDot state={stale ? "unknown" : worst} />
        <span>{name}</span>
        <span class="num">{stale ? "–" : `${nOk}/${parts.length}`}</span>
      </button>
      {open && (
        <div class="menu" tabIndex={-1}>
          {stale && <p class="dim">{words.header.unknown}</p>}
          {parts?.length === 0 && <p class="dim">{none}</p>}
          <ul>
            {parts?.map((part) => (
              <li key={part.id}>
                <StateDot state={part.state} />
                <div>
                  <strong>{part.id}</strong> <span class="dim">{words.partState[part.state]}</span>
                  {part.lines.map((line) => (
                    <div class="dim num">{line}</div>
                  ))}
                </div>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

function ConnectionChip() {
  const words = t.value.connection;
  const state = connection.value;
  void now.value; // the countdown runs with the clock
  const left = state.state === "lost" ? Math.ceil((state.retryAt - Date.now()) / 1000) : 0;
  const text = state.state === "lost" ? (left > 0 ? words.lost(String(left)) : words.lostNow) : words[state.state];
  const dot = ({ live: "ok", connecting: "starting", lost: "failed" } as const)[state.state];
  return (
    <span class={`chip chip-plain connection-${state.state}`} data-testid="connection" role="status">
      <StateDot state={dot} />
      {text}
    </span>
  );
}

export function Header() {
  const words = t.value.header;
  const view = health.value;
  return (
    <header class="header">
      <button type="button" class="brand" title={words.home} onClick={toOverview}>
        <Logo />
        <span>{t.value.product}</span>
      </button>
      <PageTabs />
      <SessionBox />
      <div class="spacer" />
      <PartsMenu name={words.sensors} parts={view && sensorParts(view)} none={words.noSensors} />
      <PartsMenu name={words.sources} parts={view && sourceParts(view)} none={words.noSources} />
      <ConnectionChip />
      <time class="clock num" title={words.clock(zone())}>
        {timeOfDay(now.value)} <small>{zone()}</small>
      </time>
      {isPerson(who.value) && who.value.expires_at !== null && (
        <button type="button" class="chip" title={words.leave} data-testid="leave" onClick={() => void leave()}>
          {who.value.name}
          <span class="leave-role"> · {t.value.login.role[who.value.role]}</span> ⏏
        </button>
      )}
      <div class="switches">
        <SoundSwitch />
        <button type="button" class="switch" title={words.wall} aria-label={words.wall} onClick={() => go("/wall")}>
          <WallIcon />
        </button>
        <button
          type="button"
          class="switch"
          onClick={switchLanguage}
          lang={language.value === "zh" ? "en" : "zh"}
          data-testid="language"
        >
          {language.value === "zh" ? "EN" : "中文"}
        </button>
        <button
          type="button"
          class="switch"
          onClick={switchTheme}
          title={theme.value === "dark" ? words.lightTheme : words.darkTheme}
          aria-label={theme.value === "dark" ? words.lightTheme : words.darkTheme}
        >
          {theme.value === "dark" ? <SunIcon /> : <MoonIcon />}
        </button>
        <button
          type="button"
          class="switch"
          title={words.help}
          aria-label={words.help}
          onClick={() => {
            helpOpen.value = true;
          }}
        >
          ?
        </button>
      </div>
    </header>
  );
}

/** Only when it matters: an outage of more than a few seconds is said in full. */
export function LostBanner() {
  const state = connection.value;
  void now.value; // it appears with the clock, not with the next attempt
  if (state.state !== "lost" || Date.now() - state.since < 5_000) return null;
  return (
    <div class="banner" role="alert">
      {t.value.connection.lostLong(timeOfDay(state.since))}
    </div>
  );
}

export function StatusBar() {
  const words = t.value;
  const view = health.value;
  const nDropped = view ? Object.values(view.queue.n_dropped).reduce((sum, n) => sum + n, 0) : 0;
  return (
    <footer class="status">
      <span class="blind">
        <strong>{words.blind.label}</strong> {words.blind.list} {words.blind.moreover}
      </span>
      {view && (
        <span class="num">
          {zone()} · {words.status.queue(view.queue.n_waiting)}
          {nDropped > 0 && ` · ${words.status.dropped(nDropped)}`} · {words.status.version(view.version)}
        </span>
      )}
    </footer>
  );
}
