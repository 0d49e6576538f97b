import type { AlertDetail, AlertView } from "../api/schema";
import { prose, t } from "../i18n";
import { now } from "../state/clock";
import { select } from "../state/desk";
import { bySensor, numberOf, textOf } from "../state/event";
import { venueName } from "../state/names";
import { when } from "../text/format";
import { LevelMark } from "./icons";
import { useRelated } from "./related";

/** The strongest hearing of each sensor of the place: the strongest shows the side that it comes from. */
function Sensors({ alert }: { alert: AlertDetail }) {
  const words = t.value.radio;
  const heard = bySensor([...alert.events, alert.event]);
  return (
    <section class="block" data-testid="sensors">
      <h3>{words.sensors}</h3>
      <table class="small-table num">
        <thead>
          <tr>
            <th>{t.value.measure.sensor}</th>
            <th>{words.strongest}</th>
            <th>{t.value.alert.count}</th>
            <th>{t.value.alert.last}</th>
          </tr>
        </thead>
        <tbody>
          {heard.map((one) => (
            <tr key={one.sensor}>
              <td>{one.sensor}</td>
              <td>{one.snr === null ? "–" : `${one.snr.toFixed(1)} dB`}</td>
              <td>{one.times}</td>
              <td>{when(one.at, now.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {heard.length < 2 && <p class="dim">{words.oneSensor}</p>}
    </section>
  );
}

export function RelatedList({ found }: { found: readonly AlertView[] }) {
  return (
    <ul class="channel">
      {found.map((one) => (
        <li key={one.fingerprint}>
          <LevelMark level={one.level} />
          <time class="num dim">{when(one.updated_at, now.value)}</time>
          <button type="button" class="link" onClick={() => select(one.fingerprint)}>
            {prose(one.annotations, "title")}
          </button>
          <span class="dim">{(one.venue && venueName(one.venue)) ?? textOf(one.event, "source") ?? ""}</span>
          {one.case && <span class="tag">{t.value.review.state[one.case.state] ?? one.case.state}</span>}
        </li>
      ))}
    </ul>
  );
}

/** Other alerts on the channel: at other places, or before; and what was made of them. */
export function Elsewhere({ alert }: { alert: AlertDetail }) {
  const words = t.value.radio;
  const centre = numberOf(alert.event, "center_hz");
  const found = useRelated(centre === null ? "" : `near_hz=${Math.round(centre)}`, alert.fingerprint);
  return (
    <>
      <Sensors alert={alert} />
      {found && (
        <section class="block" data-testid="channel">
          <h3>{words.channel}</h3>
          {found.length === 0 && <p class="dim">{words.channelNone}</p>}
          <RelatedList found={found} />
        </section>
      )}
    </>
  );
}
