import { useEffect } from "preact/hooks";
import { t } from "../i18n";
import { numberOf, textOf, type FlatEvent } from "../state/event";
import { listen, listening, stopListening } from "../state/listening";
import { isPerson, who } from "../state/person";
import { megahertz } from "../text/format";

/** Listen to the alert's channel now, by who may; begun by hand and ended when another alert is opened. */
export function Listen({ event }: { event: FlatEvent }) {
  const words = t.value.radio;
  const person = who.value;
  const [sensor, hz] = [textOf(event, "sensor"), numberOf(event, "center_hz")];
  useEffect(() => stopListening, [sensor, hz]);
  if (!isPerson(person) || !person.permissions.includes("listen") || !sensor || !hz) return null;
  const now = listening.value;
  const isOn = now.state !== "off" && now.state !== "ended";
  const told = {
    off: words.listenLogged,
    ended: words.listenEnded,
    opening: words.listenOpening,
    sound: words.listenSound,
    silent: words.listenSilent,
    away: now.state === "away" ? words.listenAway(megahertz(now.awayHz)) : "",
  }[now.state];
  const mode = textOf(event, "modulation") === "am" ? "am" : "nfm";
  return (
    <section class="block" data-testid="listen">
      <h3>{words.listen}</h3>
      <p>
        <button
          type="button"
          class="button"
          aria-pressed={isOn}
          onClick={() => (isOn ? stopListening() : listen(sensor, hz, mode))}
        >
          {isOn ? words.listenStop : words.listenStart(megahertz(hz), mode.toUpperCase())}
        </button>{" "}
        <span class="dim" role="status">
          {told}
        </span>
      </p>
    </section>
  );
}
