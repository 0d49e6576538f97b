/** What the list is narrowed to, and the address that says so. */
import type { AlertView } from "../api/schema";

export const KINDS = ["radio", "web", "correlation", "health"] as const;
export const LEVELS = ["critical", "high", "medium", "low"] as const;
export const STATES = ["firing", "ended"] as const;
export const REVIEWS = ["open", "judged"] as const;
export type Review = (typeof REVIEWS)[number];
export type Kind = (typeof KINDS)[number];
export type Level = (typeof LEVELS)[number];
export type AlertState = (typeof STATES)[number];

export interface Filters {
  readonly kinds: readonly Kind[];
  readonly levels: readonly Level[];
  readonly state: AlertState | null;
  readonly review: Review | null;
  readonly venue: string | null;
}

export const ALL: Filters = { kinds: [], levels: [], state: null, review: null, venue: null };

export interface Place {
  readonly filters: Filters;
  readonly selected: string | null;
}

/** An alert ends by the clock: no event is sent when its end passes. */
export function isFiring(alert: AlertView, now: number): boolean {
  return alert.ends_at === null || Date.parse(alert.ends_at) > now;
}

const UNJUDGED = ["new", "triaged", "claimed", "verifying"];

/** Whether somebody has decided what it is. */
export function isJudged(alert: AlertView): boolean {
  return alert.case !== null && !UNJUDGED.includes(alert.case.state);
}

export function accepts(filters: Filters, alert: AlertView): boolean {
  return (
    (filters.kinds.length === 0 || filters.kinds.includes(alert.kind)) &&
    (filters.levels.length === 0 || filters.levels.includes(alert.level)) &&
    (filters.state === null || (filters.state === "firing") === alert.firing) &&
    (filters.review === null || (filters.review === "judged") === isJudged(alert)) &&
    (filters.venue === null || filters.venue === alert.venue)
  );
}

export function isNarrowed(filters: Filters): boolean {
  const { kinds, levels, state, review, venue } = filters;
  return kinds.length > 0 || levels.length > 0 || state !== null || review !== null || venue !== null;
}

/** In or out of the set, in the order of `all`. */
export function toggle<T>(chosen: readonly T[], all: readonly T[], one: T): T[] {
  return all.filter((each) => (each === one ? !chosen.includes(each) : chosen.includes(each)));
}

export function toQuery(filters: Filters): URLSearchParams {
  const query = new URLSearchParams();
  if (filters.kinds.length) query.set("kind", filters.kinds.join(","));
  if (filters.levels.length) query.set("level", filters.levels.join(","));
  if (filters.state) query.set("state", filters.state);
  if (filters.review) query.set("review", filters.review);
  if (filters.venue) query.set("venue", filters.venue);
  return query;
}

function known<T extends string>(text: string | null, all: readonly T[]): T[] {
  const words = (text ?? "").split(",");
  return all.filter((one) => words.includes(one));
}

/** Words in an address that mean nothing are left out: an old link still opens. */
export function fromUrl(url: URL): Place {
  const alert = /^\/alerts\/([\w-]+)\/?$/.exec(url.pathname);
  return {
    filters: {
      kinds: known(url.searchParams.get("kind"), KINDS),
      levels: known(url.searchParams.get("level"), LEVELS),
      state: known(url.searchParams.get("state"), STATES)[0] ?? null,
      review: known(url.searchParams.get("review"), REVIEWS)[0] ?? null,
      venue: url.searchParams.get("venue") || null,
    },
    selected: alert?.[1] ?? null,
  };
}

export function toPath(place: Place): string {
  const query = toQuery(place.filters).toString().replaceAll("%2C", ",");
  const path = place.selected ? `/alerts/${place.selected}` : "/";
  return query ? `${path}?${query}` : path;
}
