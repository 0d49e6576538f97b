/** Up to eight sensors at once, each with its levels and its waterfall. */
import { useEffect, useMemo } from "preact/hooks";
import type { SensorHealth } from "../../api/schema";
import { t } from "../../i18n";
import { at, go, restate } from "../../state/page";
import { venueName } from "../../state/names";
import { megahertz, timeOfDay } from "../../text/format";
import { StateDot } from "../../ui/icons";
import { Blind } from "./Coverage";
import { alerts, heard } from "./data";
import { beat } from "./loop";
import { marksFor } from "./marks";
import { Plot } from "./Plot";
import { Scope } from "./scope";
import { words } from "./words";

const AT_ONCE = 8;

export function bandsOf(sensor: SensorHealth) {
  return sensor.bands.map((band) => ({ low: band.low_hz, high: band.high_hz }));
}

function Panel({ sensor }: { sensor: SensorHealth }) {
  const scope = useMemo(() => new Scope(sensor.id, true), [sensor.id]);
  useEffect(() => () => scope.close(), [scope]);
  scope.bands = bandsOf(sensor);
  scope.marks = marksFor(alerts.value.values(), heard.value, sensor.id, sensor.venue);
  const range = scope.range.value;
  const state = scope.state.value;
  const path = `/spectrum/${encodeURIComponent(sensor.id)}`;
  return (
    <section class="panel" aria-label={sensor.id} data-testid="panel">
      <header>
        <StateDot state={sensor.state} />
        <a
          class="panel-name"
          href={path}
          title={words.value.open(sensor.id)}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            go(path);
          }}
        >
          {sensor.id}
        </a>
        <span class="dim cut">{sensor.venue && venueName(sensor.venue)}</span>
        <span class="num dim">{range && `${megahertz(range.low)}–${megahertz(range.high)}`}</span>
      </header>
      <div class="panel-plot" onClick={() => go(path)}>
        <Plot scope={scope} />
        {(state !== "live" || sensor.state === "failed") && (
          <p class="over-plot" role="status">
            {sensor.error ?? (state === "live" ? t.value.partState[sensor.state] : words.value.state[state])}
          </p>
        )}
        {sensor.stare && (
          <p class="held-mark">
            {words.value.staring(megahertz(sensor.stare.center_hz), sensor.stare.by, timeOfDay(sensor.stare.until).slice(0, 5))}
          </p>
        )}
      </div>
      <footer class="num dim">{words.value.rate(scope.rate.value.rows, scope.rate.value.nDropped)}</footer>
    </section>
  );
}

export function Wall({ sensors }: { sensors: readonly SensorHealth[] }) {
  const first = Math.min(
    Math.max(0, Number(at.value.query.get("from") ?? 1) - 1 || 0),
    Math.floor((sensors.length - 1) / AT_ONCE) * AT_ONCE,
  );
  const shown = sensors.slice(first, first + AT_ONCE);
  const { fps, drawn } = beat.value;
  const to = (start: number) => restate(start > 0 ? `/spectrum?from=${start + 1}` : "/spectrum");
  return (
    <main class="spectrum wall">
      <div class="tools">
        <h2>{words.value.title}</h2>
        {sensors.length > AT_ONCE && (
          <>
            <button type="button" class="button" disabled={first === 0} onClick={() => to(first - AT_ONCE)}>
              ‹ <span class="hidden">{words.value.before}</span>
            </button>
            <span class="num">
              {words.value.fewer(first + 1)}
              {first + shown.length}
              {words.value.of(sensors.length)}
            </span>
            <button
              type="button"
              class="button"
              disabled={first + AT_ONCE >= sensors.length}
              onClick={() => to(first + AT_ONCE)}
            >
              › <span class="hidden">{words.value.after}</span>
            </button>
          </>
        )}
        <div class="spacer" />
        <span class="num dim" data-testid="beat">
          {words.value.beat(fps, drawn)}
        </span>
      </div>
      <div class={`panels panels-${Math.min(shown.length, 8)}`}>
        {shown.map((sensor) => (
          <Panel key={sensor.id} sensor={sensor} />
        ))}
      </div>
      <Blind />
    </main>
  );
}
