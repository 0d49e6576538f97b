/** Saved views: filters under a name, kept in this browser for each person. */
import { computed, signal } from "@preact/signals";
import { filters, narrow } from "./desk";
import { fromUrl, toQuery } from "./filters";
import { isPerson, who } from "./person";

export interface View {
  readonly name: string;
  /** The address's query, as `filters` writes it. */
  readonly query: string;
}

export const MOST_VIEWS = 12;
export const LONGEST_NAME = 24;
const KEPT = "examwatch.views.";

const place = () => KEPT + (isPerson(who.value) ? who.value.name : "");
/** Grows with each change: what is kept lies outside the signals. */
const changes = signal(0);

/** What is kept may be anything: an older console's, or somebody's by hand. */
export function readViews(text: string | null): View[] {
  let kept: unknown;
  try {
    kept = JSON.parse(text ?? "[]");
  } catch {
    return [];
  }
  if (!Array.isArray(kept)) return [];
  return kept
    .filter((one): one is View => typeof one?.name === "string" && typeof one?.query === "string" && one.name !== "")
    .slice(0, MOST_VIEWS);
}

export const views = computed<readonly View[]>(() => {
  void changes.value;
  return readViews(localStorage.getItem(place()));
});

export const currentQuery = computed(() => String(toQuery(filters.value)));

function keep(next: readonly View[]): void {
  localStorage.setItem(place(), JSON.stringify(next.slice(0, MOST_VIEWS)));
  changes.value += 1;
}

/** Under a name that is taken it takes that one's place. */
export function saveView(name: string): void {
  const told = name.trim().slice(0, LONGEST_NAME);
  if (told) keep([...views.value.filter((view) => view.name !== told), { name: told, query: currentQuery.value }]);
}

export function dropView(name: string): void {
  keep(views.value.filter((view) => view.name !== name));
}

export function openView(view: View): void {
  narrow(fromUrl(new URL(`http://x/?${view.query}`)).filters);
}
