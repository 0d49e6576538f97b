/**
 * Saved views: a page's narrowed list under a name. The server keeps them, so that they are there at any
 * desk; what an older console kept in the browser is taken over once.
 */
import { computed, signal } from "@preact/signals";
import { ApiError, get, send } from "../api/client";
import type { DefaultViewBody, NewViewBody, SavedViewsView, SavedViewView, ViewChangeBody } from "../api/schema";
import { filters } from "./desk";
import { fromUrl, toQuery } from "./filters";
import { at } from "./page";
import { isPerson, who } from "./person";

export type ViewPage = SavedViewView["page"];

/** `LONGEST_NAME` of the server. */
export const LONGEST_NAME = 24;
const VIEWS = "/api/views";
const KEPT = "examwatch.views.";

export const views = signal<readonly SavedViewView[]>([]);
/** Whether the server was asked: before that no page knows what it opens with. */
export const areRead = signal(false);
/** Why the last step was refused, shown until the next. */
export const viewRefusal = signal<ApiError | null>(null);
export const currentQuery = computed(() => String(toQuery(filters.value)));

const csrf = () => (isPerson(who.value) ? who.value.csrf : "");
const one = (view: SavedViewView) => `${VIEWS}/${encodeURIComponent(view.id)}`;

async function told(work: () => Promise<SavedViewsView>): Promise<boolean> {
  try {
    views.value = (await work()).views;
    viewRefusal.value = null;
    return true;
  } catch (cause) {
    viewRefusal.value = cause instanceof ApiError ? cause : new ApiError("server-fault", 0, String(cause));
    return false;
  }
}

export const readViews = () => told(() => get<SavedViewsView>(VIEWS));

/** Under a name that is taken it takes that one's place. */
export const saveView = (view: Partial<NewViewBody> & Pick<NewViewBody, "page" | "name" | "query">) =>
  told(() => send("POST", VIEWS, csrf(), view));

export const changeView = (view: SavedViewView, change: Partial<ViewChangeBody>) =>
  told(() => send("PATCH", one(view), csrf(), change));

export const dropView = (view: SavedViewView) => told(() => send("DELETE", one(view), csrf()));

export function openPageWith(page: ViewPage, view: SavedViewView | null): Promise<boolean> {
  const body: DefaultViewBody = { page, view: view?.id ?? null };
  return told(() => send("PUT", `${VIEWS}/default`, csrf(), body));
}

/** What the page opens with where its address asks for nothing. */
export function defaultQuery(page: ViewPage): string | null {
  return views.value.find((view) => view.page === page && view.is_default)?.query ?? null;
}

/** What an older console kept in this browser: it may be anything. */
export function keptViews(text: string | null): { name: string; query: string }[] {
  let kept: unknown;
  try {
    kept = JSON.parse(text ?? "[]");
  } catch {
    return [];
  }
  if (!Array.isArray(kept)) return [];
  return kept
    .filter((view) => typeof view?.name === "string" && typeof view?.query === "string" && view.name.trim())
    .map(({ name, query }) => ({ name: name.trim().slice(0, LONGEST_NAME), query }));
}

/** A name that is not taken: what is on the server is not written over by an old browser. */
export function freeName(name: string, taken: readonly string[]): string {
  let free = name;
  for (let n = 2; taken.includes(free); n += 1) free = `${name.slice(0, LONGEST_NAME - 3)} ${n}`;
  return free;
}

async function takeOver(person: string): Promise<void> {
  const place = KEPT + person;
  const kept = keptViews(localStorage.getItem(place));
  for (const { name, query } of kept) {
    const mine = views.value.filter((view) => view.mine && view.page === "review");
    if (mine.some((view) => view.query === query)) continue;
    const taken = mine.map((view) => view.name);
    const isKept = await saveView({ page: "review", name: freeName(name, taken), query });
    // The server did not answer: another time. What it refuses it will refuse again.
    if (!isKept && [0, 503].includes(viewRefusal.value?.status ?? 0)) return;
  }
  localStorage.removeItem(place);
  viewRefusal.value = null;
}

/** Once, when somebody has come in: the review opens with the person's default, if nothing else is asked for. */
export async function beginViews(): Promise<void> {
  const read = await readViews();
  areRead.value = true;
  if (!read) return;
  if (isPerson(who.value)) await takeOver(who.value.name);
  const query = defaultQuery("review");
  if (query && at.value.page === "review" && !at.value.open && !location.search) {
    filters.value = fromUrl(new URL(`http://x/?${query}`)).filters;
  }
}
