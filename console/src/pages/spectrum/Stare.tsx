/** Holding a sensor at one frequency: who may asks for it here; who did and until when stands above the picture. */
import { useState } from "preact/hooks";
import type { ApiError } from "../../api/client";
import type { SensorHealth } from "../../api/schema";
import { t } from "../../i18n";
import { isPerson, who } from "../../state/person";
import { megahertz, timeOfDay } from "../../text/format";
import { asApiError, hold, release } from "./data";
import type { Scope } from "./scope";
import { words } from "./words";

const MINUTES = [1, 2, 5, 10, 20, 30];

const range = (low_hz: number, high_hz: number) =>
  `${Math.round(low_hz / 1e5) / 10}–${Math.round(high_hz / 1e5) / 10}`;

function Refusal({ error }: { error: ApiError | null }) {
  if (!error) return null;
  return (
    <p class="caution" role="alert">
      {words.value.refused[error.code] ?? t.value.error[error.code] ?? t.value.error["other"]} <span class="dim">{error.message}</span>
    </p>
  );
}

function Banner({ sensor, mayHold, csrf }: { sensor: SensorHealth; mayHold: boolean; csrf: string }) {
  const [error, setError] = useState<ApiError | null>(null);
  const stare = sensor.stare;
  if (!stare) return null;
  const text = words.value;
  return (
    <div class="held" role="status" data-testid="held">
      <strong>{text.staring(megahertz(stare.center_hz), stare.by, timeOfDay(stare.until))}</strong>
      <span class="dim">{stare.reason}</span>
      <span class="num">
        {text.stareMeanwhile}{" "}
        {sensor.unwatched.map((one) => range(one.low_hz, one.high_hz)).join(", ")} MHz {text.notHeard}
      </span>
      {mayHold && (
        <button
          type="button"
          class="button"
          onClick={() => {
            release(csrf, sensor.id).then(
              () => setError(null),
              (cause: unknown) => setError(asApiError(cause)),
            );
          }}
        >
          {text.stareEnd}
        </button>
      )}
      <Refusal error={error} />
    </div>
  );
}

export function Stare({ sensor, scope, part }: { sensor: SensorHealth; scope: Scope; part: "banner" | "form" }) {
  const person = who.value;
  const mayHold = isPerson(person) && person.permissions.includes("stare");
  const csrf = isPerson(person) ? person.csrf : "";
  const [minutes, setMinutes] = useState(5);
  const [reason, setReason] = useState("");
  const [error, setError] = useState<ApiError | null>(null);
  if (part === "banner") return <Banner sensor={sensor} mayHold={mayHold} csrf={csrf} />;
  if (!mayHold) return null;
  const text = words.value;
  const spot = scope.a.value;
  return (
    <section class="block" data-testid="stare">
      <h3>{text.stare}</h3>
      {!spot && <p class="dim">{text.stareWhere}</p>}
      {spot && (
        <form
          class="stare-form"
          onSubmit={(event) => {
            event.preventDefault();
            hold(csrf, sensor.id, spot.hz, minutes * 60, reason).then(
              () => {
                setError(null);
                setReason("");
              },
              (cause: unknown) => setError(asApiError(cause)),
            );
          }}
        >
          <span class="group">
            <span class="num">{text.stareAt(megahertz(spot.hz))}</span>
            <label>
              {text.stareFor}{" "}
              <select value={minutes} onChange={(event) => setMinutes(Number(event.currentTarget.value))}>
                {MINUTES.map((n) => (
                  <option key={n} value={n}>
                    {n} {text.minutes}
                  </option>
                ))}
              </select>
            </label>
          </span>
          <input
            type="text"
            required
            maxLength={500}
            value={reason}
            placeholder={text.stareWhy}
            aria-label={text.stareWhy}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
          <button type="submit" class="button">
            {text.stareGo}
          </button>
          <Refusal error={error} />
        </form>
      )}
    </section>
  );
}
