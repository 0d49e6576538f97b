import type { SystemView } from "../../api/schema";
import { t } from "../../i18n";
import { now } from "../../state/clock";
import { health } from "../../state/desk";
import { venueName } from "../../state/names";
import { when } from "../../text/format";
import { bytes } from "../../text/bytes";
import { StateDot } from "../../ui/icons";
import { Notice } from "../../ui/Notice";
import { mayI, useLoad } from "../parts/load";
import { Sheet, Shown, TableBox } from "../parts/Parts";
import { words as shared } from "../parts/words";
import { words } from "./words";

function Sensors() {
  const say = words.value;
  const view = health.value;
  if (!view) return <Notice title={shared.value.loading} />;
  if (view.sensors.length === 0) return <p class="dim">{say.noSensors}</p>;
  return (
    <TableBox name={say.sensors}>
      <table>
        <thead>
          <tr>
            <th>{say.sensor}</th>
            <th>{say.venue}</th>
            <th>{say.state}</th>
            <th class="right">{say.lastSamples}</th>
            <th class="right">{say.emissions}</th>
            <th class="right">{say.lost}</th>
            <th class="right">{say.dropped}</th>
          </tr>
        </thead>
        <tbody>
          {view.sensors.map((sensor) => (
            <tr key={sensor.id}>
              <td class="nowrap">
                <StateDot state={sensor.state} /> {sensor.id}
              </td>
              <td>{sensor.venue ? venueName(sensor.venue) : "–"}</td>
              <td>
                {t.value.partState[sensor.state]}
                {sensor.error && <div class="dim wide">{sensor.error}</div>}
              </td>
              <td class="right num">{sensor.last_seen_at ? when(sensor.last_seen_at, now.value) : "–"}</td>
              <td class="right num">{sensor.n_emissions.toLocaleString()}</td>
              <td class="right num">{sensor.n_samples_lost.toLocaleString()}</td>
              <td class="right num">{sensor.n_dropped.toLocaleString()}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

function Figures({ view }: { view: SystemView }) {
  const say = words.value;
  const { disk, queue } = view;
  const dropped = Object.entries(queue.n_dropped).filter(([, n]) => n > 0);
  return (
    <dl class="figures">
      <div>
        <dt>{say.version}</dt>
        <dd>{view.version}</dd>
      </div>
      <div>
        <dt>{say.since}</dt>
        <dd class="num">{when(view.started_at, now.value)}</dd>
      </div>
      <div data-testid="disk">
        <dt>{say.disk}</dt>
        <dd class="num">
          {disk ? (
            <>
              <meter
                min={0}
                max={disk.total_bytes}
                low={disk.total_bytes * 0.1}
                value={disk.free_bytes}
                aria-label={say.disk}
              />{" "}
              {say.diskFree(bytes(disk.free_bytes), bytes(disk.total_bytes))}
            </>
          ) : (
            say.diskUnknown
          )}
          {disk && <small class="mono wide figure-note">{disk.path}</small>}
        </dd>
      </div>
      <div>
        <dt>{say.queue}</dt>
        <dd class="num">{queue.n_waiting.toLocaleString()}</dd>
      </div>
      <div>
        <dt>{say.oldest}</dt>
        <dd class="num">{queue.n_waiting ? `${Math.round(queue.oldest_s)} s` : "–"}</dd>
      </div>
      <div>
        <dt>{say.droppedBy}</dt>
        <dd class="num">{dropped.map(([why, n]) => `${why} ${n}`).join(", ") || say.nothingDropped}</dd>
      </div>
      <div>
        <dt>{say.logins}</dt>
        <dd class={view.logins ? undefined : "warned"}>{view.logins ? say.loginsOn : say.loginsOff}</dd>
      </div>
    </dl>
  );
}

function Server() {
  const view = useLoad<SystemView>("/api/system", 10_000);
  return (
    <Sheet title={words.value.hub} testid="server">
      <Shown of={view}>{(value) => <Figures view={value} />}</Shown>
    </Sheet>
  );
}

export function Machines() {
  return (
    <>
      {mayI("metrics") && <Server />}
      <Sheet title={words.value.sensors} testid="sensors">
        <Sensors />
      </Sheet>
    </>
  );
}
