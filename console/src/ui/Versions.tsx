import { t } from "../i18n";
import { numberOf, textOf, type FlatEvent } from "../state/event";
import { dayAndTime } from "../text/format";
import { diff, type Part } from "../text/diff";

function Side({ event, parts, kind }: { event: FlatEvent; parts: readonly Part[]; kind: "gone" | "new" }) {
  const words = t.value.web;
  return (
    <div>
      <h4 class="dim num">
        {words.version(numberOf(event, "version") ?? 1)} · {dayAndTime(textOf(event, "at") ?? "")}
      </h4>
      <div class="post post-version" tabIndex={0} data-testid={kind === "gone" ? "version-before" : "version-after"}>
        {parts.map((part, index) => {
          if (part.kind === "same") return part.text;
          if (part.kind !== kind) return null;
          return kind === "gone" ? <del key={index}>{part.text}</del> : <ins key={index}>{part.text}</ins>;
        })}
      </div>
    </div>
  );
}

/** Two versions side by side: what went is struck out on the left, what came is underlined on the right. */
export function Versions({ before, after }: { before: FlatEvent; after: FlatEvent }) {
  const parts = diff(textOf(before, "text") ?? "", textOf(after, "text") ?? "");
  const differs = parts.some((part) => part.kind !== "same");
  return (
    <div data-testid="compare">
      {!differs && <p class="dim">{t.value.web.sameText}</p>}
      <div class="compare">
        <Side event={before} parts={parts} kind="gone" />
        <Side event={after} parts={parts} kind="new" />
      </div>
    </div>
  );
}
