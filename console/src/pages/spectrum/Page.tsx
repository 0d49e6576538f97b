/** Spectrum: every sensor side by side, or one of them whole. */
import { useEffect } from "preact/hooks";
import { t } from "../../i18n";
import { health } from "../../state/desk";
import { at } from "../../state/page";
import { isPerson, who } from "../../state/person";
import { Notice } from "../../ui/Notice";
import { follow } from "./data";
import { One } from "./One";
import { Wall } from "./Wall";
import { words } from "./words";
import "./style.css";

export default function Spectrum() {
  const view = health.value;
  const person = who.value;
  const mayAlerts = isPerson(person) && person.permissions.includes("alerts");
  useEffect(() => follow(mayAlerts), [mayAlerts]);
  if (!view) return <Notice title={t.value.connection.connecting} />;
  if (view.sensors.length === 0) {
    return (
      <Notice title={words.value.none}>
        <p class="dim">{words.value.noneHint}</p>
      </Notice>
    );
  }
  const open = at.value.open;
  if (open === null) return <Wall sensors={view.sensors} />;
  const sensor = view.sensors.find((one) => one.id === open);
  if (!sensor) {
    return (
      <Notice title={words.value.noneHere(open)}>
        <a href="/spectrum">{words.value.all}</a>
      </Notice>
    );
  }
  return <One key={sensor.id} sensor={sensor} />;
}
