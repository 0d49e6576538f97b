import { signal } from "@preact/signals";
import type { AlertView } from "../api/schema";
import { language, prose, t } from "../i18n";
import { atHome } from "../text/format";
import { LevelMark } from "./icons";

/** The reason that the pointer or focus is on: its marks in the text stand out. */
export const pointedReason = signal<number | null>(null);

export function Why({ alert }: { alert: AlertView }) {
  const words = t.value.alert;
  const several = alert.rules.length > 1;
  return (
    <section class="block why">
      <h3>{words.why}</h3>
      {alert.why.length === 0 && <p class="dim">{words.whyNone}</p>}
      {several && (
        <ul class="fired" data-testid="rules">
          {alert.rules.map((hit) => (
            <li key={hit.rule} title={hit.rule}>
              <LevelMark level={hit.level} />
              {prose(hit.texts, "title")}
              {hit.experimental && <span class="tag">{words.experimental}</span>}
            </li>
          ))}
        </ul>
      )}
      <ol>
        {alert.why.map((reason, index) => (
          <li
            key={index}
            tabIndex={reason.spans.length ? 0 : undefined}
            class={reason.spans.length ? "reason-marked" : ""}
            onPointerEnter={() => {
              pointedReason.value = index + 1;
            }}
            onPointerLeave={() => {
              pointedReason.value = null;
            }}
            onFocus={() => {
              pointedReason.value = index + 1;
            }}
            onBlur={() => {
              pointedReason.value = null;
            }}
          >
            {atHome(language.value === "zh" ? reason.text_zh || reason.text : reason.text || reason.text_zh, alert.updated_at) ||
              `${reason.field} ${reason.modifier} ${JSON.stringify(reason.expected)}`}
          </li>
        ))}
      </ol>
    </section>
  );
}

export function Advice({ alert }: { alert: AlertView }) {
  const words = t.value.alert;
  const lines = prose(alert.annotations, "advice")
    .split(/\n+/)
    .map((line) => line.replace(/^\s*[-•*]\s*/, "").trim())
    .filter(Boolean);
  return (
    <section class="block advice">
      <h3>{words.advice}</h3>
      {lines.length === 0 && <p class="dim">{words.adviceNone}</p>}
      {lines.length === 1 ? <p>{lines[0]}</p> : null}
      {lines.length > 1 ? (
        <ul>
          {lines.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      ) : null}
    </section>
  );
}
