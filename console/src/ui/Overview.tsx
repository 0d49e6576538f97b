import type { SensorHealth } from "../api/schema";
import { language, t } from "../i18n";
import { now } from "../state/clock";
import { health } from "../state/desk";
import { phaseAt } from "../state/session";
import { examName, sessionName, venueName } from "../state/names";
import { megahertz, percent, seconds, span, when } from "../text/format";
import { StateDot } from "./icons";
import { Notice } from "./Notice";

/** What is watched, and what is not: shown while no alert is open. */
/** What a receiver could tune to and this sensor does not hear, and what is odd about itself. */
function Gaps({ sensor }: { sensor: SensorHealth }) {
  const words = t.value.overview;
  const ranges = sensor.unwatched.map((band) => `${Math.round(band.low_hz / 1e5) / 10}–${Math.round(band.high_hz / 1e5) / 10}`);
  return (
    <>
      {ranges.length > 0 && (
        <p class="blind-note num" data-testid="unwatched">
          <strong>
            {sensor.id} {words.notHeard}:
          </strong>{" "}
          {ranges.join(", ")} MHz
        </p>
      )}
      {sensor.notes.map((note) => (
        <p class="caution" key={note.code}>
          <strong>{sensor.id}:</strong> {language.value === "zh" ? note.zh : note.en}
        </p>
      ))}
    </>
  );
}

export function Overview() {
  const words = t.value;
  const view = health.value;
  if (!view) {
    return (
      <main class="detail">
        <Notice title={words.connection.connecting} />
      </main>
    );
  }
  const bands = view.sensors.flatMap((sensor) => sensor.bands.map((band) => ({ sensor, band })));
  return (
    <main class="detail overview" data-testid="overview">
      <div class="overview-head">
        <h2>{words.overview.title}</h2>
        <p class="dim">{words.overview.choose}</p>
      </div>
      <div class="overview-column">
        <section class="block">
          <h3>{words.overview.today}</h3>
          {view.sessions.length === 0 && <p class="dim">{words.overview.noSessions}</p>}
          <table>
            <tbody>
              {view.sessions.map((session) => (
                <tr key={session.exam + session.session}>
                  <td class="num">{span(session.starts_at, session.ends_at)}</td>
                  <td>
                    {examName(session.exam)} · {sessionName(session)}
                  </td>
                  <td class="dim">{session.venues.map(venueName).join(language.value === "zh" ? "、" : ", ")}</td>
                  <td>
                    <span class={`phase phase-${phaseAt(session, now.value)}`}>
                      {words.phase[phaseAt(session, now.value)]}
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
        <section class="block">
          <h3>{words.overview.sources}</h3>
          {view.sources.length === 0 && <p class="dim">{words.header.noSources}</p>}
          {view.sources.length > 0 && (
            <table>
              <thead>
                <tr>
                  <th>{words.overview.source}</th>
                  <th>{words.overview.state}</th>
                  <th class="right">{words.overview.documents}</th>
                  <th class="right">{words.overview.lastOk}</th>
                </tr>
              </thead>
              <tbody>
                {view.sources.map((source) => (
                  <tr key={source.id}>
                    <td>
                      <StateDot state={source.state} /> {source.id}
                    </td>
                    <td>
                      {words.partState[source.state]}
                      {source.error && <div class="dim">{source.error}</div>}
                    </td>
                    <td class="right num">{source.n_documents}</td>
                    <td class="right num">{source.last_ok_at ? when(source.last_ok_at, now.value) : "–"}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </section>
      </div>
      <div class="overview-column">
        <section class="block">
          <h3>{words.overview.coverage}</h3>
          {bands.length === 0 && <p class="dim">{words.overview.noCoverage}</p>}
          {bands.length > 0 && (
            <table class="num">
              <thead>
                <tr>
                  <th>{words.overview.sensor}</th>
                  <th class="right">{words.overview.band}</th>
                  <th class="right">{words.overview.revisit}</th>
                  <th class="right">{words.overview.intercept}</th>
                </tr>
              </thead>
              <tbody>
                {bands.map(({ sensor, band }) => (
                  <tr key={`${sensor.id}${band.low_hz}`}>
                    <td>
                      <StateDot state={sensor.state} /> {sensor.id}
                    </td>
                    <td class="right">
                      {megahertz(band.low_hz)} – {megahertz(band.high_hz)} <small>MHz</small>
                    </td>
                    <td class="right">
                      {band.revisit_s === null ? "–" : band.revisit_s === 0 ? words.overview.stays : seconds(band.revisit_s).join(" ")}
                    </td>
                    <td class="right">
                      {band.intercept_1s === null ? (
                        "–"
                      ) : (
                        <>
                          <meter min={0} max={1} value={band.intercept_1s} /> {percent(band.intercept_1s)}
                        </>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          {view.sensors.map((sensor) => (
            <Gaps key={sensor.id} sensor={sensor} />
          ))}
          <p class="blind-note">
            <strong>{words.overview.notSeen}:</strong> {words.blind.list} {words.blind.moreover}
          </p>
        </section>
      </div>
    </main>
  );
}
