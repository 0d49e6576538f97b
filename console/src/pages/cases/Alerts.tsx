/** The alerts of a case: what it is made of, what could be put in, split off, or merged. */
import { useEffect, useState } from "preact/hooks";
import { getAlert } from "../../api/client";
import type { AlertView, CaseDetail, CaseView } from "../../api/schema";
import { language, prose, t } from "../../i18n";
import { now } from "../../state/clock";
import { when } from "../../text/format";
import { KindMark, LevelMark } from "../../ui/icons";
import { follow } from "./bits";
import { alertsIn, busy, link, mayStep, merge, search, split } from "./state";
import { w } from "./words";

const SEARCH_MS = 250;

function Line({ alert, children }: { alert: AlertView; children?: preact.ComponentChildren }) {
  const path = `/alerts/${alert.fingerprint}`;
  return (
    <li class="case-alert" data-testid="case-alert">
      {children}
      <LevelMark level={alert.level} />
      <KindMark kind={alert.kind} size={14} />
      <a href={path} title={w.value.open} onClick={(event) => follow(event, path)}>
        {prose(alert.annotations, "title")}
      </a>
      <span class="case-summary dim">{prose(alert.annotations, "summary")}</span>
      <time class="num dim">{when(alert.updated_at, now.value)}</time>
    </li>
  );
}

export function Alerts({ one }: { one: CaseDetail }) {
  const words = w.value;
  const [ticked, setTicked] = useState<readonly string[]>([]);
  const chosen = ticked.filter((each) => one.alerts.includes(each));
  const may = mayStep.value && one.possible.includes("transfer");
  const several = one.alerts.length > 1;
  const toggle = (print: string) =>
    setTicked(chosen.includes(print) ? chosen.filter((each) => each !== print) : [...chosen, print]);
  return (
    <section class="block">
      <div class="block-head">
        <h3>
          {words.alerts} <span class="num">({one.alerts.length})</span>
        </h3>
        {may && several && chosen.length === 0 && <span class="dim">{words.splitHint}</span>}
        {may && several && chosen.length > 0 && (
          <button
            type="button"
            class="button button-small"
            data-testid="split"
            disabled={busy.value || chosen.length === one.alerts.length}
            onClick={() => void split(chosen)}
          >
            {words.split(chosen.length)}
          </button>
        )}
      </div>
      <ul class="case-alerts">
        {alertsIn.value.map((alert) => (
          <Line key={alert.fingerprint} alert={alert}>
            {may && several && (
              <input
                type="checkbox"
                aria-label={prose(alert.annotations, "title")}
                checked={chosen.includes(alert.fingerprint)}
                onChange={() => toggle(alert.fingerprint)}
              />
            )}
          </Line>
        ))}
      </ul>
      {may && <Related one={one} />}
    </section>
  );
}

/** What was raised at the same place and time and is in no case: read when asked for. */
function Related({ one }: { one: CaseDetail }) {
  const words = w.value;
  const [found, setFound] = useState<readonly AlertView[] | null>(null);
  if (one.related.length === 0) return <p class="dim">{words.relatedNone}</p>;
  const read = () =>
    void Promise.allSettled(one.related.map((print) => getAlert(print))).then((answers) =>
      setFound(answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []))),
    );
  const shown = found?.filter((alert) => one.related.includes(alert.fingerprint));
  return (
    <details
      class="case-related"
      onToggle={(event) => {
        if (event.currentTarget.open && !found) read();
      }}
    >
      <summary data-testid="related">{words.related(one.related.length)}</summary>
      <ul class="case-alerts">
        {shown?.map((alert) => (
          <Line key={alert.fingerprint} alert={alert}>
            <button
              type="button"
              class="button button-small"
              disabled={busy.value}
              onClick={() => void link([alert.fingerprint])}
            >
              {words.add}
            </button>
          </Line>
        ))}
      </ul>
    </details>
  );
}

/** Another case is looked for, and its alerts come into this one. */
export function Merge({ one }: { one: CaseDetail }) {
  const words = w.value;
  const [text, setText] = useState("");
  const [found, setFound] = useState<readonly CaseView[] | null>(null);
  useEffect(() => {
    const asked = text.trim();
    setFound(null);
    if (!asked) return undefined;
    const stop = new AbortController();
    const timer = setTimeout(() => {
      search(asked, stop.signal).then(
        (cases) => setFound(cases.filter((each) => each.id !== one.id && each.drill === one.drill)),
        () => undefined, // typed on, or asked again with the next key
      );
    }, SEARCH_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [text, one.id]);
  if (!mayStep.value || !one.possible.includes("transfer")) return null;
  return (
    <section class="block" data-testid="merge">
      <h3>{words.merge}</h3>
      <input
        type="search"
        value={text}
        placeholder={words.mergeSearch}
        aria-label={words.merge}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      {found?.length === 0 && <p class="dim">{words.mergeNone}</p>}
      <ul class="case-found">
        {found?.map((each) => (
          <li key={each.id}>
            <LevelMark level={each.level} />
            <span class="grow">
              {each.title[language.value]} <span class="dim">{t.value.review.state[each.state]}</span>
            </span>
            <button
              type="button"
              class="button button-small"
              disabled={busy.value}
              onClick={() => void merge(each.id).then((done) => done && setText(""))}
            >
              {words.mergeDo(each.id)}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
