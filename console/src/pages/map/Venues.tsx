/** Venues with their session clocks and their sensors. */
import type { MapView, SensorHealth } from "../../api/schema";
import { language, t } from "../../i18n";
import { now } from "../../state/clock";
import { health } from "../../state/desk";
import { go } from "../../state/page";
import { countdown, when } from "../../text/format";
import { StateDot } from "../../ui/icons";
import { clockOf, type VenueClock } from "./clock";
import { toMap } from "./Page";
import { words } from "./words";

function storyOf(clock: VenueClock): string {
  const text = words.value;
  if (clock.phase === "before") return text.startsIn(countdown(clock.leftMs));
  if (clock.phase === "in") return text.running(countdown(clock.sinceMs), countdown(clock.leftMs));
  return text.ended(countdown(clock.sinceMs));
}

function Sensor({ id, state, lastSeen, isPlaced }: { id: string; state: SensorHealth["state"] | null; lastSeen: string | null; isPlaced: boolean }) {
  const path = `/spectrum/${encodeURIComponent(id)}`;
  return (
    <li>
      <StateDot state={state ?? "unknown"} />
      <a
        href={path}
        onClick={(event) => {
          event.preventDefault();
          go(path);
        }}
      >
        {id}
      </a>
      <span class="dim">
        {state ? t.value.partState[state] : "–"}
        {lastSeen && ` · ${when(lastSeen, now.value)}`}
        {!isPlaced && ` · ${words.value.noPosition}`}
      </span>
    </li>
  );
}

export function VenueList({ view, sensors, open }: { view: MapView; sensors: readonly SensorHealth[]; open: string | null }) {
  const text = words.value;
  const states = new Map(sensors.map((one) => [one.id, one]));
  const sessions = health.value?.sessions ?? [];
  const unplaced = view.sensors.filter((one) => !view.venues.some((venue) => venue.id === one.venue));
  const rows = (ids: MapView["sensors"]) =>
    ids.map((one) => (
      <Sensor
        key={one.id}
        id={one.id}
        state={states.get(one.id)?.state ?? null}
        lastSeen={states.get(one.id)?.last_seen_at ?? null}
        isPlaced={one.lat !== null}
      />
    ));
  return (
    <section class="block" data-testid="venues">
      <h3>{text.venues}</h3>
      {view.venues.length === 0 && <p class="dim">{text.noVenues}</p>}
      {view.venues.length > 1 && (
        <button type="button" class="link" disabled={open === null} onClick={() => toMap({ venue: null })}>
          {text.all}
        </button>
      )}
      <ul class="venues">
        {view.venues.map((venue) => {
          const clock = clockOf(sessions, venue.id, now.value);
          const here = view.sensors.filter((one) => one.venue === venue.id);
          return (
            <li key={venue.id} class={open === venue.id ? "is-chosen" : ""}>
              <button
                type="button"
                aria-pressed={open === venue.id}
                onClick={() => toMap({ venue: open === venue.id ? null : venue.id })}
              >
                <strong>{language.value === "zh" ? venue.name_zh : venue.name_en}</strong>
                {venue.lat === null && <span class="dim">{text.noPosition}</span>}
              </button>
              {clock ? (
                <p class={`session-line session-${clock.phase}`}>
                  <span class={`phase phase-${clock.phase}`}>{t.value.phase[clock.phase]}</span>
                  <span class="dim num">{storyOf(clock)}</span>
                </p>
              ) : (
                <p class="dim">{text.noSession}</p>
              )}
              {here.length === 0 && <p class="dim">{text.noSensors}</p>}
              <ul class="sensors">{rows(here)}</ul>
            </li>
          );
        })}
      </ul>
      {unplaced.length > 0 && <ul class="sensors">{rows(unplaced)}</ul>}
    </section>
  );
}
