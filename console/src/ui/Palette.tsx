import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { get } from "../api/client";
import type { CasePage, CaseView } from "../api/schema";
import { language, prose, t } from "../i18n";
import { pagesOf } from "../pages/registry";
import { select, stream } from "../state/desk";
import { at, go } from "../state/page";
import { isPerson, who } from "../state/person";
import { reviewer } from "../state/review";
import { views } from "../state/views";
import { COMMANDS, keyName } from "./commands";
import { addressOf, fits, paletteOpen } from "./palette";

interface Offer {
  readonly id: string;
  readonly text: string;
  readonly hint: string;
  readonly keys: readonly string[];
  readonly run: () => void;
}

const MOST = 12;
const SEARCH_MS = 200;

function commandOffers(typed: string): Offer[] {
  const { page } = at.value;
  return COMMANDS.filter(
    (one) =>
      (one.page === undefined || one.page === page) &&
      (!one.judges || reviewer() !== null) &&
      fits(typed, [one.name.en, one.name.zh, ...one.keys]),
  ).map((one) => ({
    id: `key ${one.keys[0]}`,
    text: one.name[language.value],
    hint: one.name[language.value === "zh" ? "en" : "zh"],
    keys: one.keys.map(keyName),
    run: one.run,
  }));
}

function pageOffers(typed: string): Offer[] {
  const words = t.value.palette;
  const person = who.value;
  const pages = isPerson(person) ? pagesOf(person.permissions) : [];
  return pages
    .filter((page) => fits(typed, [page.name.en, page.name.zh, page.id]))
    .map((page) => ({
      id: `page ${page.id}`,
      text: page.name[language.value],
      hint: words.page,
      keys: [],
      run: () => go(page.id === "review" ? "/" : `/${page.id}`),
    }));
}

function viewOffers(typed: string): Offer[] {
  return views.value
    .filter((view) => fits(typed, [view.name]))
    .map((view) => ({
      id: `view ${view.id}`,
      text: view.name,
      hint: t.value.palette.view,
      keys: [],
      run: () => go(`${view.page === "review" ? "/" : `/${view.page}`}?${view.query}`),
    }));
}

function alertOffers(typed: string): Offer[] {
  if (typed.trim().length < 2) return [];
  return stream.value.rows
    .filter((row) =>
      fits(typed, [row.fingerprint, prose(row.annotations, "title", "en"), prose(row.annotations, "title", "zh")]),
    )
    .slice(0, 5)
    .map((row) => ({
      id: `alert ${row.fingerprint}`,
      text: prose(row.annotations, "title"),
      hint: `${t.value.palette.alert} ${row.fingerprint}`,
      keys: [],
      run: () => {
        go(`/alerts/${row.fingerprint}`);
        select(row.fingerprint);
      },
    }));
}

function caseOffers(found: readonly CaseView[]): Offer[] {
  return found.map((one) => ({
    id: `case ${one.id}`,
    text: one.title[language.value] ?? one.id,
    hint: `${t.value.palette.case} ${one.id}`,
    keys: [],
    run: () => go(`/cases/${one.id}`),
  }));
}

/** Cases that are called so, asked of the server a moment after the last key. */
function useCases(typed: string): readonly CaseView[] {
  const [found, setFound] = useState<readonly CaseView[]>([]);
  useEffect(() => {
    setFound([]);
    const person = who.value;
    const asked = typed.trim();
    if (asked.length < 2 || !isPerson(person) || !person.permissions.includes("cases")) return undefined;
    const stop = new AbortController();
    const timer = setTimeout(() => {
      get<CasePage>(`/api/cases?${new URLSearchParams({ q: asked, limit: "5" })}`, stop.signal).then(
        (page) => setFound(page.cases),
        () => undefined, // typed on; the commands are there all the same
      );
    }, SEARCH_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [typed]);
  return found;
}

function Finder({ close }: { close: () => void }) {
  const words = t.value.palette;
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState(0);
  const cases = useCases(typed);
  const path = addressOf(typed);
  const direct: Offer[] = path
    ? [{ id: "direct", text: `${words.open} ${typed.trim()}`, hint: "", keys: [], run: () => go(path) }]
    : [];
  const offers = [
    ...direct,
    ...pageOffers(typed),
    ...viewOffers(typed),
    ...commandOffers(typed),
    ...alertOffers(typed),
    ...caseOffers(cases),
  ].slice(0, typed ? MOST * 2 : MOST);
  const place = Math.min(chosen, offers.length - 1);
  const run = (offer: Offer | undefined) => {
    if (!offer) return;
    close();
    offer.run();
  };
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.children[place]?.scrollIntoView({ block: "nearest" });
  }, [place]);
  return (
    <>
      <input
        class="palette-input"
        autofocus
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={offers[place] ? `palette-${place}` : undefined}
        aria-label={words.title}
        placeholder={words.hint}
        value={typed}
        data-testid="palette-input"
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={(event) => {
          const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
          if (by) setChosen(Math.max(0, Math.min(place + by, offers.length - 1)));
          else if (event.key === "Enter") run(offers[place]);
          else return;
          event.preventDefault();
        }}
      />
      <ul id="palette-list" class="palette-list" role="listbox" aria-label={words.title} ref={list}>
        {offers.map((offer, index) => (
          <li
            key={offer.id}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === place}
            data-testid="offer"
            onClick={() => run(offer)}
          >
            <span class="palette-text">{offer.text}</span>
            <span class="dim palette-hint">{offer.hint}</span>
            <span>
              {offer.keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </span>
          </li>
        ))}
      </ul>
      {offers.length === 0 && <p class="dim">{words.none}</p>}
    </>
  );
}

export function Palette() {
  const box = useRef<HTMLDialogElement>(null);
  const open = paletteOpen.value;
  useLayoutEffect(() => {
    if (open) box.current?.showModal();
    else box.current?.close();
  }, [open]);
  const close = () => {
    paletteOpen.value = false;
  };
  return (
    <dialog
      ref={box}
      class="help palette"
      data-testid="palette"
      onClose={close}
      onClick={(event) => {
        if (event.target === box.current) close();
      }}
    >
      {open && <Finder close={close} />}
    </dialog>
  );
}
