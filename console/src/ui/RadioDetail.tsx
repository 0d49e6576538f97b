import { useEffect, useRef } from "preact/hooks";
import { evidenceUrl } from "../api/client";
import type { AlertDetail } from "../api/schema";
import { language, t } from "../i18n";
import { hearings, surveyed, textOf, wordsOf, type FlatEvent } from "../state/event";
import { isPerson, who } from "../state/person";
import { theme } from "../state/theme";
import { Elsewhere } from "./Elsewhere";
import { Facts } from "./Facts";
import { Listen } from "./Listen";
import { Measures } from "./Measures";
import { Moment } from "./moment/Moment";
import { Spectrogram } from "./Spectrogram";
import { Advice, Why } from "./Why";

/** When this channel was heard, and how strong: the next burst is foreseen from this. */
function Heard({ alert }: { alert: AlertDetail }) {
  const words = t.value.radio;
  const holder = useRef<HTMLDivElement>(null);
  const points = hearings(alert.events);
  const colours = theme.value;
  useEffect(() => {
    const box = holder.current;
    if (!box || points.length < 2) return undefined;
    let stop: (() => void) | null = null;
    let gone = false;
    void import("./heard-plot").then(({ drawHeard }) => {
      if (!gone) stop = drawHeard(box, points, words.heardAxis);
    });
    return () => {
      gone = true;
      stop?.();
    };
  }, [alert.fingerprint, points.length, colours, words]);
  if (points.length < 2) return null;
  return (
    <section class="block">
      <h3>{words.heard}</h3>
      <div class="heard" ref={holder} data-testid="heard" />
    </section>
  );
}

/** How it differs from the survey of the days before, in the words of the comparison. */
function Surveyed({ event }: { event: FlatEvent }) {
  const words = t.value.radio;
  const reasons = surveyed(event).map((reason) => reason[language.value]);
  const name = textOf(event, "known_as");
  if (!reasons.length && !name) return null;
  return (
    <section class="block" data-testid="surveyed">
      <h3>{words.surveyed}</h3>
      {name && <p>{words.knownAs(name)}</p>}
      <ul>
        {reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
    </section>
  );
}

/** What was heard, kept as evidence: to be played, stopped and searched through. */
function Recording({ alert }: { alert: AlertDetail }) {
  const words = t.value.radio;
  const person = who.value;
  const sound = alert.evidence.filter((ref) => ref.role === "audio").at(-1);
  if (!sound || !isPerson(person) || !person.permissions.includes("evidence")) return null;
  return (
    <section class="block" data-testid="recording">
      <h3>{words.recording}</h3>
      {/* Nothing is fetched before it is played: opening it is listening, and that is recorded. */}
      <audio controls preload="none" data-play="" src={evidenceUrl(sound.digest)} aria-label={words.recording} />
      <p class="dim">{words.recordingLogged}</p>
    </section>
  );
}

/** Flags that say what of it was not heard; the others say that it may not be real. */
const LIMITS = new Set(["gap", "edge"]);

export function RadioDetail({ alert }: { alert: AlertDetail }) {
  const words = t.value.radio;
  const flags = wordsOf(alert.event, "flags");
  const limits = flags.filter((flag) => LIMITS.has(flag));
  const ghosts = flags.filter((flag) => !LIMITS.has(flag));
  const decoded = textOf(alert.event, "decoded_text");
  return (
    <div class="columns">
      <div class="column-main">
        <Spectrogram alert={alert} />
        <Moment alert={alert} />
        <Recording alert={alert} />
        <Measures event={alert.event} kind="radio" />
        <Heard alert={alert} />
        <Elsewhere alert={alert} />
      </div>
      <div class="column-side">
        {ghosts.length > 0 && (
          <p class="caution">
            <strong>{words.flagged}:</strong> {ghosts.map((flag) => words.flag[flag] ?? flag).join(", ")}
          </p>
        )}
        {limits.length > 0 && (
          <p class="caution">
            <strong>{words.limited}:</strong> {limits.map((flag) => words.flag[flag] ?? flag).join(", ")}
          </p>
        )}
        <Why alert={alert} />
        <Listen event={alert.event} />
        <Surveyed event={alert.event} />
        <Advice alert={alert} />
        {decoded && (
          <section class="block">
            <h3>{words.decoded}</h3>
            <pre class="decoded">{decoded}</pre>
            <p class="dim">{wordsOf(alert.event, "decoded_by").join(", ")}</p>
          </section>
        )}
        <Facts alert={alert} />
      </div>
    </div>
  );
}
