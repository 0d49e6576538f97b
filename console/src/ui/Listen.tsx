import { useEffect } from "preact/hooks";
import { t } from "../i18n";
import { numberOf, sensorOf, textOf, type FlatEvent } from "../state/event";
import { listen, listening, stopListening } from "../state/listening";
import { isPerson, who } from "../state/person";
import { megahertz } from "../text/format";
import { saidOfListening } from "./listen-words";

/** Listen to the alert's channel now, by who may; begun by hand and ended when another alert is opened. */
export function Listen({ event }: { event: FlatEvent }) {
  const words = t.value.radio;
  const person = who.value;
  const [sensor, hz] = [sensorOf(event), numberOf(event, "center_hz")];
  useEffect(() => stopListening, [sensor, hz]);
  if (!isPerson(person) || !person.permissions.includes("listen") || !sensor || !hz) return null;
  const now = listening.value;
  const isOn = now.state !== "off" && now.state !== "ended";
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
          {saidOfListening()}
        </span>
      </p>
    </section>
  );
}
