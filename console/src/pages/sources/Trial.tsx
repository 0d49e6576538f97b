import { useEffect, useState } from "preact/hooks";
import { get, send } from "../../api/client";
import type { SourceView, TriedView } from "../../api/schema";
import { health } from "../../state/desk";
import { at, restate } from "../../state/page";
import { bytes } from "../../text/bytes";
import { dayAndTime } from "../../text/format";
import { useDoing } from "../parts/load";
import { Field, Sheet } from "../parts/Parts";
import { SourceRefusal } from "./Refused";
import { bodyOf, EMPTY, LIST_SELECTORS, POST_SELECTORS, type Selectors, type Trial as Wanted } from "./selectors";
import { words } from "./words";

function SelectorFields({
  title,
  names,
  labels,
  given,
  change,
}: {
  title: string;
  names: readonly string[];
  labels: Record<string, string>;
  given: Selectors;
  change: (given: Selectors) => void;
}) {
  return (
    <fieldset class="selectors">
      <legend>{title}</legend>
      {names.map((name) => (
        <Field key={name} label={labels[name] ?? name}>
          <input
            class="mono"
            name={name}
            value={given[name] ?? ""}
            spellcheck={false}
            autocomplete="off"
            onInput={(event) => change({ ...given, [name]: event.currentTarget.value })}
          />
        </Field>
      ))}
    </fieldset>
  );
}

function Taken({ tried }: { tried: TriedView }) {
  const say = words.value;
  return (
    <div class="taken" data-testid="taken">
      <p>
        <strong>{say.took(tried.n_posts, tried.n_threads)}</strong> <span class="dim wide">{say.from(tried.url, bytes(tried.n_bytes))}</span>
      </p>
      {tried.n_posts + tried.n_threads === 0 && <p class="caution">{say.nothing}</p>}
      <ol>
        {tried.posts.map((post) => (
          <li key={post.key}>
            <div class="dim">
              <span class={post.author ? "bright" : "lacking"}>{post.author ?? say.noAuthor}</span>
              {" · "}
              <span class={post.published_at ? "num" : "lacking"}>{post.published_at ? dayAndTime(post.published_at) : say.noTime}</span>
              {post.n_files > 0 && ` · ${say.nFiles(post.n_files)}`}
              <span class="mono wide"> {post.key}</span>
            </div>
            {post.title && <strong>{post.title}</strong>}
            <p class={post.text ? "wide" : "lacking"}>
              {post.text || say.noText}
              {post.n_chars > post.text.length && "…"}
            </p>
          </li>
        ))}
        {tried.threads.map((thread) => (
          <li key={thread.url} class="wide">
            <span class="mono">{thread.url}</span> <span class="dim">{thread.mark}</span>
          </li>
        ))}
      </ol>
      <p class="dim wide">
        {say.nextPage}: {tried.next_url ? <span class="mono">{tried.next_url}</span> : say.noNext}
      </p>
    </div>
  );
}

export function Trial() {
  const say = words.value;
  const asked = at.value.query.get("source");
  const [wanted, setWanted] = useState<Wanted>({ ...EMPTY, source: asked });
  const [tried, setTried] = useState<TriedView | null>(null);
  const doing = useDoing();
  useEffect(() => {
    if (!asked) return;
    // The trial begins with what the source has now; who is in the middle of typing keeps that.
    get<SourceView>(`/api/sources/${encodeURIComponent(asked)}`).then(
      (source) =>
        setWanted((before) => ({
          ...before,
          source: asked,
          url: before.url || (source.addresses[0] ?? ""),
          post: { ...source.post, ...before.post },
          listing: { ...source.listing, ...before.listing },
        })),
      () => undefined,
    );
  }, [asked]);
  const run = async () => {
    const done = await doing.run((csrf) => send<TriedView>("POST", "/api/sources/try", csrf, bodyOf(wanted)));
    if (done) setTried(done);
  };
  return (
    <div class="sheets">
      <Sheet title={say.trial} testid="trial">
        <p class="dim">{say.trialHint}</p>
        <form
          class="trial-form"
          onSubmit={(event) => {
            event.preventDefault();
            void run();
          }}
        >
          <Field label={say.address}>
            <input
              name="url"
              class="mono"
              required
              value={wanted.url}
              spellcheck={false}
              onInput={(event) => setWanted({ ...wanted, url: event.currentTarget.value })}
            />
          </Field>
          <div class="form">
            <Field label={say.forSource}>
              <select
                name="source"
                value={wanted.source ?? ""}
                onChange={(event) => {
                  const source = event.currentTarget.value || null;
                  setWanted({ ...EMPTY, source });
                  restate(source ? `/sources/try?source=${encodeURIComponent(source)}` : "/sources/try");
                }}
              >
                <option value="">{say.anySource}</option>
                {health.value?.sources.map((source) => (
                  <option key={source.id} value={source.id}>
                    {source.id}
                  </option>
                ))}
              </select>
            </Field>
            <label class="check">
              <input
                type="checkbox"
                checked={wanted.stored}
                onChange={(event) => setWanted({ ...wanted, stored: event.currentTarget.checked })}
              />
              {say.stored}
            </label>
          </div>
          <SelectorFields
            title={say.posts}
            names={POST_SELECTORS}
            labels={say.selector}
            given={wanted.post}
            change={(post) => setWanted({ ...wanted, post })}
          />
          <SelectorFields
            title={say.threads}
            names={LIST_SELECTORS}
            labels={say.listSelector}
            given={wanted.listing}
            change={(listing) => setWanted({ ...wanted, listing })}
          />
          <div class="buttons">
            <button class="button button-main" disabled={doing.busy}>
              {say.run}
            </button>
            <small>{say.selectorHint}</small>
          </div>
        </form>
      </Sheet>
      <div class="trial-answer">
        {doing.busy && <p class="dim" role="status">{say.running}</p>}
        <SourceRefusal error={doing.refusal} />
        {tried && !doing.busy && <Taken tried={tried} />}
      </div>
    </div>
  );
}
