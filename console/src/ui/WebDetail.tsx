import { useRef, useState } from "preact/hooks";
import { getPersonal } from "../api/client";
import type { AlertDetail, NamedPersonView } from "../api/schema";
import { t } from "../i18n";
import { isPerson, who } from "../state/person";
import { numberOf, textOf, versionsOf, type FlatEvent } from "../state/event";
import { dayAndTime, parts } from "../text/format";
import { marksOf } from "../text/spans";
import { openable } from "../text/url";
import { RelatedList } from "./Elsewhere";
import { CopyButton, Facts } from "./Facts";
import { Marked } from "./Marked";
import { Measures } from "./Measures";
import { Photos } from "./photos/Photos";
import { linesOf, photos } from "./photos/state";
import { useRelated } from "./related";
import { Versions } from "./Versions";
import { Advice, Why } from "./Why";

/** An address is text. Opening it is a decision, said for what it is. */
function Address({ url }: { url: string }) {
  const words = t.value.web;
  const [asking, setAsking] = useState(false);
  return (
    <div class="address">
      <span class="mono url" data-testid="url">
        {url}
      </span>
      <span class="address-does">
        <CopyButton text={url} />
        {openable(url) ? (
          <button type="button" class="link" aria-expanded={asking} onClick={() => setAsking(!asking)}>
            {words.open}
          </button>
        ) : (
          <span class="dim">{words.notOpenable}</span>
        )}
      </span>
      {asking && (
        <div class="caution">
          {words.openWarning}{" "}
          <a class="button" href={url} target="_blank" rel="noopener noreferrer" onClick={() => setAsking(false)}>
            {words.openAnyway}
          </a>{" "}
          <button type="button" class="link" onClick={() => setAsking(false)}>
            {words.cancel}
          </button>
        </div>
      )}
    </div>
  );
}

function Times({ event, alert }: { event: FlatEvent; alert: AlertDetail }) {
  const words = t.value.web;
  const published = textOf(event, "published_at");
  const first = textOf(event, "first_seen_at") ?? alert.starts_at;
  const fetched = textOf(event, "fetched_at") ?? textOf(event, "at");
  const gap = published ? Date.parse(first) - Date.parse(published) : null;
  return (
    <dl class="pairs times num">
      <div>
        <dt>{words.published}</dt>
        <dd>
          {published ? dayAndTime(published) : <span class="dim">{words.notStated}</span>}
          {gap !== null && (
            <span class={gap < 0 ? "odd" : "dim"}>
              {" "}
              {gap < 0 ? words.claimedLater : words.claimedEarlier(t.value.span(...parts(gap)))}
            </span>
          )}
        </dd>
      </div>
      <div>
        <dt>{words.firstSeen}</dt>
        <dd>
          <strong>{dayAndTime(first)}</strong>
        </dd>
      </div>
      {fetched && (
        <div>
          <dt>{words.fetched}</dt>
          <dd>{dayAndTime(fetched)}</dd>
        </div>
      )}
    </dl>
  );
}

/** Whom the pictures name: asked for by hand, since each look is recorded. */
function People({ alert }: { alert: AlertDetail }) {
  const words = t.value.web;
  const [found, setFound] = useState<NamedPersonView[] | "failed" | null>(null);
  const person = who.value;
  const may = isPerson(person) && person.permissions.includes("personal");
  if (!may || alert.event["has_image"] !== true) return null;
  const look = () =>
    void getPersonal(alert.fingerprint).then(
      (answer) => setFound(answer.people),
      () => setFound("failed"),
    );
  return (
    <section class="block" data-testid="people">
      <h3>{words.people}</h3>
      {found === null && (
        <p>
          <button type="button" class="button" onClick={look}>
            {words.showPeople}
          </button>{" "}
          <span class="dim">{words.peopleLogged}</span>
        </p>
      )}
      {found === "failed" && <p class="caution">{words.peopleFailed}</p>}
      {Array.isArray(found) && found.length === 0 && <p class="dim">{words.noPeople}</p>}
      {Array.isArray(found) &&
        found.map((one) => (
          <dl class="pairs" key={one.attachment}>
            <div>
              <dt>{words.personName}</dt>
              <dd>{one.name ?? "–"}</dd>
            </div>
            <div>
              <dt>{words.personSeat}</dt>
              <dd>{one.seat ?? "–"}</dd>
            </div>
            <div>
              <dt>{words.personNumber}</dt>
              <dd class="mono">{one.number ?? "–"}</dd>
            </div>
          </dl>
        ))}
    </section>
  );
}

/** Near copies of the post, from wherever; the text that was seen first leads them. */
function Copies({ alert }: { alert: AlertDetail }) {
  const words = t.value.web;
  const first = textOf(alert.event, "repost_of") ?? textOf(alert.event, "document");
  const found = useRelated(first ? String(new URLSearchParams({ copies_of: first })) : "", alert.fingerprint);
  const n = numberOf(alert.event, "n_reposts") ?? 0;
  if (!found?.length && n === 0) return null;
  return (
    <section class="block" data-testid="copies">
      <h3>{words.copies}</h3>
      {n > 0 && <p class="dim">{words.copiesSeen(n)}</p>}
      {found && <RelatedList found={found} />}
    </section>
  );
}

export function WebDetail({ alert }: { alert: AlertDetail }) {
  const words = t.value.web;
  const versions = versionsOf([...alert.events, alert.event]);
  const [chosen, setChosen] = useState<FlatEvent | null>(null);
  const event = versions.find((version) => version === chosen) ?? versions[0] ?? alert.event;
  const newest = event === versions[0];
  const [comparing, setComparing] = useState(false);
  // The version before the chosen one; before the first there is none, so the first stands against the newest.
  const older = versions[versions.indexOf(event) + 1];
  const [before, after] = older ? [older, event] : [event, versions[0] ?? event];
  const text = textOf(event, "text") ?? "";
  const marks = newest ? marksOf(alert.why, "text") : [];
  const seen = photos.value?.fingerprint === alert.fingerprint ? photos.value.found : [];
  const lines = newest ? linesOf(seen) : [];
  const body = useRef<HTMLDivElement>(null);
  const at = useRef(-1);
  const nextMark = () => {
    const found = body.current?.querySelectorAll("mark") ?? [];
    if (!found.length) return;
    at.current = (at.current + 1) % found.length;
    found[at.current]?.scrollIntoView({ block: "center" });
  };
  return (
    <div class="columns">
      <div class="column-main">
        <div class="post-and-photos">
          <div class={seen.length > 0 ? "has-photos" : ""}>
            <section class="block">
              <div class="block-head">
                <h3>{words.text}</h3>
                {marks.length > 0 && (
                  <button type="button" class="link" data-key="m" title="m" onClick={nextMark}>
                    {words.marks(marks.length)} · {words.nextMark}
                  </button>
                )}
              </div>
              {versions.length > 1 && (
                <div class="versions" role="tablist" aria-label={words.versions}>
                  {versions.map((version, index) => (
                    <button
                      type="button"
                      role="tab"
                      key={index}
                      aria-selected={version === event}
                      onClick={() => setChosen(version)}
                    >
                      {words.version(numberOf(version, "version") ?? 1)}
                      {index === 0 && ` · ${words.newest}`}
                      <small class="num dim"> {dayAndTime(textOf(version, "at") ?? "").slice(11)}</small>
                    </button>
                  ))}
                  <button
                    type="button"
                    class="versions-compare"
                    aria-pressed={comparing}
                    data-key="d"
                    data-testid="compare-versions"
                    onClick={() => setComparing(!comparing)}
                  >
                    {words.compare} <kbd>d</kbd>
                  </button>
                </div>
              )}
              {!newest && <p class="caution">{words.oldVersion}</p>}
              {comparing && versions.length > 1 ? (
                <Versions before={before} after={after} />
              ) : (
                <div class="post" ref={body} data-testid="post" tabIndex={0}>
                  {text ? <Marked text={text} marks={marks} lines={lines} /> : <span class="dim">{words.noText}</span>}
                </div>
              )}
            </section>
            <Photos alert={alert} key={`photos ${alert.fingerprint}`} />
          </div>
        </div>
        <section class="block origin">
          <dl class="pairs">
            <div>
              <dt>{words.source}</dt>
              <dd>{textOf(event, "source") ?? "–"}</dd>
            </div>
            <div>
              <dt>{words.author}</dt>
              <dd>{textOf(event, "author") ?? <span class="dim">{words.unknownAuthor}</span>}</dd>
            </div>
            <div>
              <dt>{words.url}</dt>
              <dd>{textOf(event, "url") ? <Address url={textOf(event, "url") ?? ""} /> : "–"}</dd>
            </div>
          </dl>
          <Times event={event} alert={alert} />
        </section>
        <Copies alert={alert} />
        <People alert={alert} key={alert.fingerprint} />
        <Measures event={event} kind="web" />
      </div>
      <div class="column-side">
        <Why alert={alert} />
        <Advice alert={alert} />
        <Facts alert={alert} />
      </div>
    </div>
  );
}
