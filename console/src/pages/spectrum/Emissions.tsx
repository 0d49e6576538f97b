/** Radio alerts in the band and time that are looked at: as a list, for who cannot point at a mark. */
import { evidenceUrl } from "../../api/client";
import { language, prose, t } from "../../i18n";
import { now } from "../../state/clock";
import { numberOf } from "../../state/event";
import { go } from "../../state/page";
import { isPerson, who } from "../../state/person";
import { hertz, megahertz, when } from "../../text/format";
import { LevelMark } from "../../ui/icons";
import { isOwn, lastHeard, within, type Mark } from "./marks";
import type { Scope } from "./scope";
import { words } from "./words";

const MOST = 30;

function Chosen({ mark }: { mark: Mark }) {
  const text = words.value;
  const person = who.value;
  const mayHear = isPerson(person) && person.permissions.includes("evidence");
  const sound = mark.alert.evidence.find((ref) => ref.media_type.startsWith("audio/"));
  const snr = numberOf(mark.alert.event, "snr_db");
  const [wide, unit] = hertz(numberOf(mark.alert.event, "bandwidth_hz") ?? 0);
  const to = (path: string) => (event: MouseEvent) => {
    event.preventDefault();
    go(path);
  };
  const review = `/alerts/${mark.fingerprint}`;
  const map = `/map?alert=${mark.fingerprint}`;
  return (
    <div class="chosen">
      <p class="num dim">
        {wide} {unit}
        {snr !== null && ` · ${snr.toFixed(1)} dB`} · {t.value.radio.modulation[String(mark.alert.event["modulation"])] ?? "–"}
      </p>
      {mayHear && sound && (
        <audio controls preload="none" src={evidenceUrl(sound.digest)} aria-label={text.recorded} />
      )}
      {mayHear && !sound && <p class="dim">{text.recordedNone}</p>}
      <p class="group">
        <a href={review} onClick={to(review)}>
          {text.openAlert}
        </a>
        <a href={map} onClick={to(map)}>
          {text.onMap}
        </a>
      </p>
    </div>
  );
}

export function Emissions({ scope, marks }: { scope: Scope; marks: readonly Mark[] }) {
  const text = words.value;
  const hz = scope.shownHz;
  const found = hz ? within(marks, hz, scope.time.value) : [];
  const shown = [...found].sort((a, b) => lastHeard(b) - lastHeard(a)).slice(0, MOST);
  return (
    <section class="block" data-testid="emissions">
      <h3>
        {text.emissions} <span class="num">{found.length}</span>
      </h3>
      {shown.length === 0 && <p class="dim">{text.emissionsNone}</p>}
      <ul class="emissions">
        {shown.map((mark) => {
          const isChosen = scope.chosen.value === mark.fingerprint;
          return (
            <li key={mark.fingerprint} class={isChosen ? "is-chosen" : ""}>
              <button
                type="button"
                aria-expanded={isChosen}
                onClick={() => (scope.chosen.value = isChosen ? null : mark.fingerprint)}
              >
                <LevelMark level={mark.alert.level} />
                <span class="num">{megahertz((mark.hz.low + mark.hz.high) / 2)}</span>
                <span class="cut">{prose(mark.alert.annotations, "title", language.value)}</span>
                <span class="num dim">{mark.isOn ? text.still : when(lastHeard(mark), now.value)}</span>
              </button>
              <p class="dim heard-where">{isOwn(mark, scope.sensor) ? text.heardHere : text.heardElsewhere}</p>
              {isChosen && <Chosen mark={mark} />}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
