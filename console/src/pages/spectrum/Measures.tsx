/** Cursor and marks in numbers, and listening at a mark. */
import { listen, listening, stopListening } from "../../state/listening";
import { t } from "../../i18n";
import { isPerson, who } from "../../state/person";
import { megahertz, timeOfDay } from "../../text/format";
import { saidOfListening } from "../../ui/listen-words";
import { differenceOf } from "./difference";
import type { Scope, Spot } from "./scope";
import { words } from "./words";

const decibels = (db: number) => (Number.isNaN(db) ? "–" : db.toFixed(1).replace("-", "−"));

function Line({ name, spot }: { name: string; spot: Spot | null }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="right">{spot ? (spot.hz / 1e6).toFixed(4) : "–"}</td>
      <td class="right">{spot ? decibels(spot.db) : "–"}</td>
      <td class="right">{spot?.at ? timeOfDay(spot.at) : "–"}</td>
    </tr>
  );
}

export function Measures({ scope }: { scope: Scope }) {
  const text = words.value;
  const [a, b] = [scope.a.value, scope.b.value];
  const delta = a && b ? differenceOf(a, b) : null;
  return (
    <section class="block" data-testid="measures">
      <h3>{text.measures}</h3>
      <table class="num tight">
        <thead>
          <tr>
            <th />
            <th class="right">MHz</th>
            <th class="right">{text.level}</th>
            <th class="right">{text.atTime}</th>
          </tr>
        </thead>
        <tbody>
          <Line name={text.cursor} spot={scope.cursor.value} />
          <Line name={`${text.mark} A`} spot={a} />
          <Line name={`${text.mark} B`} spot={b} />
          {delta && (
            <tr data-testid="delta">
              <th scope="row">{text.delta}</th>
              <td class="right">{delta.hz}</td>
              <td class="right">{delta.db}</td>
              <td class="right">{delta.time}</td>
            </tr>
          )}
        </tbody>
      </table>
      {a ? (
        <button
          type="button"
          class="link"
          onClick={() => {
            [scope.a.value, scope.b.value] = [null, null];
          }}
        >
          {text.clear}
        </button>
      ) : (
        <p class="dim">{text.measureHint}</p>
      )}
    </section>
  );
}

export function Hear({ scope }: { scope: Scope }) {
  const text = words.value;
  const said = t.value.radio;
  const person = who.value;
  if (!isPerson(person) || !person.permissions.includes("listen")) return null;
  const spot = scope.a.value;
  const now = listening.value;
  const isOn = now.state !== "off" && now.state !== "ended";
  return (
    <section class="block" data-testid="hear">
      <h3>{text.listen}</h3>
      {isOn && (
        <button type="button" class="button" onClick={stopListening}>
          {said.listenStop}
        </button>
      )}
      {!isOn && spot && (
        <span class="group">
          <span class="num">{text.listenAt(megahertz(spot.hz))}</span>
          {(["nfm", "am"] as const).map((mode) => (
            <button key={mode} type="button" class="button" onClick={() => listen(scope.sensor, spot.hz, mode)}>
              {mode.toUpperCase()}
            </button>
          ))}
        </span>
      )}
      <p class="dim" role="status">
        {!isOn && !spot ? text.listenWhere : saidOfListening()}
      </p>
    </section>
  );
}
