/** One emission: its levels at the sensors and where it may come from, in words; and which ones there are. */
import { ApiError } from "../../api/client";
import type { AlertView, AreaView } from "../../api/schema";
import { language, prose, t } from "../../i18n";
import { now } from "../../state/clock";
import { numberOf, sensorOf } from "../../state/event";
import { go } from "../../state/page";
import { megahertz, when } from "../../text/format";
import { LevelMark } from "../../ui/icons";
import { toMap } from "./Page";
import { words } from "./words";

const MOST = 40;

/** Level as a length: the strongest is whole, 40 dB below it nothing. */
export const barShare = (level: number, strongest: number): number => Math.min(1, Math.max(0.02, 1 - (strongest - level) / 40));

function Levels({ area }: { area: AreaView }) {
  const text = words.value;
  const strongest = area.levels[0]?.level_db ?? 0;
  if (area.levels.length === 0) return null;
  return (
    <table class="levels num" title={text.levelHint}>
      <caption>{text.levels}</caption>
      <tbody>
        {area.levels.map((one) => (
          <tr key={one.sensor}>
            <th scope="row">{one.sensor}</th>
            <td class="bar">
              <span style={{ width: `${100 * barShare(one.level_db, strongest)}%` }} />
            </td>
            <td class="right">{one.level_db.toFixed(1).replace("-", "−")} dB</td>
            <td class="dim">{one.sensor === area.strongest ? text.strongest : one.lat === null ? text.noPosition : ""}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function AreaPanel({ fingerprint, alert, area }: { fingerprint: string; alert: AlertView | null; area: AreaView | ApiError | null }) {
  const text = words.value;
  const lang = language.value;
  const hz = alert ? numberOf(alert.event, "center_hz") : null;
  const sensor = alert ? sensorOf(alert.event) : null;
  const to = (path: string) => (event: MouseEvent) => {
    event.preventDefault();
    go(path);
  };
  const review = `/alerts/${fingerprint}`;
  const spectrum = sensor ? `/spectrum/${encodeURIComponent(sensor)}` : null;
  return (
    <section class="block" data-testid="area">
      <h3>{text.area}</h3>
      {hz !== null && <p class="num area-name">{megahertz(hz)} MHz</p>}
      {area === null && <p class="dim">{text.areaReading}</p>}
      {area instanceof ApiError && (
        <p class="caution" role="alert">
          {text.areaFailed}: {t.value.error[area.code] ?? t.value.error["other"]}
        </p>
      )}
      {area && !(area instanceof ApiError) && (
        <>
          <p>
            <strong>{text.status[area.status] ?? area.status}.</strong> {area[lang]}
          </p>
          {(lang === "zh" ? area.cautions_zh : area.cautions_en).map((caution) => (
            <p class="caution" key={caution}>
              {caution}
            </p>
          ))}
          <Levels area={area} />
        </>
      )}
      <p class="links">
        <a href={review} onClick={to(review)}>
          {text.open}
        </a>
        {spectrum && (
          <a href={spectrum} onClick={to(spectrum)}>
            {text.spectrum}
          </a>
        )}
        <button type="button" class="link" onClick={() => toMap({ alert: null })}>
          {text.clear}
        </button>
      </p>
    </section>
  );
}

export function EmissionList({ alerts, venue, chosen }: { alerts: readonly AlertView[]; venue: string | null; chosen: string | null }) {
  const text = words.value;
  const shown = alerts
    .filter((alert) => venue === null || alert.venue === venue)
    .sort((a, b) => b.updated_at.localeCompare(a.updated_at))
    .slice(0, MOST);
  return (
    <section class="block" data-testid="emissions">
      <h3>
        {text.emissions} <span class="num">{shown.length}</span>
      </h3>
      <p class="dim">{shown.length ? text.choose : text.noEmissions}</p>
      <ul class="emission-list">
        {shown.map((alert) => {
          const hz = numberOf(alert.event, "center_hz");
          return (
            <li key={alert.fingerprint} class={chosen === alert.fingerprint ? "is-chosen" : ""}>
              <button
                type="button"
                aria-pressed={chosen === alert.fingerprint}
                onClick={() => toMap({ alert: chosen === alert.fingerprint ? null : alert.fingerprint })}
              >
                <LevelMark level={alert.level} />
                <span class="num">{hz === null ? "–" : megahertz(hz)}</span>
                <span class="cut">{prose(alert.annotations, "title", language.value)}</span>
                <span class="num dim">{when(alert.updated_at, now.value)}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
