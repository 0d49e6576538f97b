import { useState } from "preact/hooks";
import { evidenceUrl } from "../api/client";
import type { AlertDetail } from "../api/schema";
import { t } from "../i18n";
import { now } from "../state/clock";
import { textOf } from "../state/event";
import { examName, venueName } from "../state/names";
import { dayAndTime, when } from "../text/format";

/** Labels whose value has a name that people call it by. */
const NAMED: Readonly<Record<string, (id: string) => string>> = { venue: venueName, exam: examName };

const MOST_SHOWN = 12;

export function CopyButton({ text }: { text: string }) {
  const words = t.value.alert;
  const [done, setDone] = useState(false);
  return (
    <button
      type="button"
      class="link"
      onClick={() => {
        navigator.clipboard.writeText(text).then(
          () => {
            setDone(true);
            setTimeout(() => setDone(false), 1500);
          },
          () => setDone(false), // without permission the text can still be selected by hand
        );
      }}
    >
      {done ? words.copied : words.copy}
    </button>
  );
}

/** What was kept, and what happened to the alert: the foot of every alert. */
export function Facts({ alert }: { alert: AlertDetail }) {
  const words = t.value.alert;
  const history = [...alert.history].reverse();
  return (
    <div class="facts">
      <section class="block">
        <h3>{words.evidence}</h3>
        {alert.evidence.length === 0 && <p class="dim">{words.evidenceNone}</p>}
        <ul class="evidence">
          {alert.evidence.slice(0, MOST_SHOWN).map((ref) => (
            <li key={ref.digest + ref.role}>
              {["photo", "screenshot"].includes(ref.role) ? (
                // Shown above for who may see names; the file itself is no page to open.
                <span>{words.role[ref.role]}</span>
              ) : (
                <a href={evidenceUrl(ref.digest)} target="_blank" rel="noopener">
                  {words.role[ref.role] ?? ref.role}
                </a>
              )}{" "}
              <span class="dim mono" title={ref.digest}>
                {ref.digest.slice(0, 19)}…
              </span>
            </li>
          ))}
        </ul>
      </section>
      <section class="block">
        <h3>{words.history}</h3>
        <ul class="history num">
          {history.slice(0, MOST_SHOWN).map((entry, index) => (
            <li key={index}>
              <time class="dim" title={dayAndTime(String(entry["at"]))}>
                {when(String(entry["at"]), now.value)}
              </time>{" "}
              {words.action[textOf(entry, "action") ?? ""] ?? textOf(entry, "action") ?? words.details}
            </li>
          ))}
        </ul>
      </section>
      <section class="block">
        <h3>{words.rule}</h3>
        <dl class="pairs">
          {alert.rules.map((hit) => (
            <div key={hit.rule}>
              <dt>{words.label["rule"]}</dt>
              <dd class="mono">{hit.rule}</dd>
            </div>
          ))}
          {Object.entries(alert.labels).map(([name, value]) => (
            <div key={name}>
              <dt>{words.label[name] ?? name}</dt>
              <dd class={name in NAMED ? undefined : "mono"}>{NAMED[name]?.(value) ?? value}</dd>
            </div>
          ))}
          <div>
            <dt>{words.fingerprint}</dt>
            <dd class="mono">
              {alert.fingerprint} <CopyButton text={alert.fingerprint} />
            </dd>
          </div>
        </dl>
      </section>
    </div>
  );
}
