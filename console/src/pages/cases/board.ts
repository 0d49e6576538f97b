/** The board as data: which case stands in which column, and what the board is narrowed to. Pure. */
import type { CasePage, CaseView } from "../../api/schema";

type State = CaseView["state"];

/** In the order of the work. `merged` cases stand nowhere: their alerts are in another one. */
export const COLUMNS = ["judge", "judging", "findings", "abroad", "close", "closed"] as const;
export type Column = (typeof COLUMNS)[number];
export const STATES_OF: Record<Column, readonly State[]> = {
  judge: ["new", "triaged"],
  judging: ["claimed", "verifying"],
  findings: ["suspected", "confirmed", "rumour", "scam"],
  abroad: ["notified", "acknowledged", "on-scene"],
  close: ["benign", "found", "lost", "stopped", "sealed", "transferred"],
  closed: ["closed", "reviewed"],
};

export interface Narrowing {
  readonly columns: readonly Column[];
  readonly kind: string | null;
  readonly venue: string | null;
  readonly owner: string | null;
  readonly department: string | null;
  readonly late: boolean;
  readonly text: string;
}

export const ALL: Narrowing = {
  columns: [],
  kind: null,
  venue: null,
  owner: null,
  department: null,
  late: false,
  text: "",
};

export function columnOf(state: State): Column | null {
  return COLUMNS.find((column) => STATES_OF[column].includes(state)) ?? null;
}

export function fromQuery(query: URLSearchParams): Narrowing {
  const asked = (query.get("state") ?? "").split(",");
  return {
    columns: COLUMNS.filter((column) => asked.includes(column)),
    kind: query.get("kind") || null,
    venue: query.get("venue") || null,
    owner: query.get("owner") || null,
    department: query.get("department") || null,
    late: query.get("late") === "true",
    text: query.get("q") ?? "",
  };
}

export function toPath(narrowing: Narrowing): string {
  const query = new URLSearchParams();
  if (narrowing.columns.length) query.set("state", narrowing.columns.join(","));
  for (const name of ["kind", "venue", "owner", "department"] as const) {
    const value = narrowing[name];
    if (value) query.set(name, value);
  }
  if (narrowing.late) query.set("late", "true");
  if (narrowing.text) query.set("q", narrowing.text);
  const text = query.toString().replaceAll("%2C", ",");
  return text ? `/cases?${text}` : "/cases";
}

export function isNarrowed(narrowing: Narrowing): boolean {
  return toPath(narrowing) !== "/cases";
}

/** What the server is asked for one column. */
export function queryOf(column: Column, narrowing: Narrowing, limit: number): URLSearchParams {
  const query = new URLSearchParams(new URL(toPath(narrowing), "http://x").searchParams);
  query.set("state", STATES_OF[column].join(","));
  query.set("limit", String(limit));
  return query;
}

export function isLate(one: CaseView, now: number): boolean {
  return one.due_at !== null && columnOf(one.state) !== "closed" && Date.parse(one.due_at) <= now;
}

export function accepts(narrowing: Narrowing, one: CaseView, now: number): boolean {
  const text = narrowing.text.toLowerCase();
  return (
    (!narrowing.kind || one.kind === narrowing.kind) &&
    (!narrowing.venue || one.venue === narrowing.venue) &&
    (!narrowing.owner || one.owner === narrowing.owner) &&
    (!narrowing.department || one.department === narrowing.department) &&
    (!narrowing.late || isLate(one, now)) &&
    (!text || [one.id, one.title["en"], one.title["zh"]].some((told) => told?.toLowerCase().includes(text)))
  );
}

export interface Pile {
  readonly cases: readonly CaseView[];
  readonly total: number;
  /** There are more: the server counts no further. */
  readonly more: boolean;
  readonly nextCursor: string | null;
}
export type Board = Record<Column, Pile>;

const NONE: Pile = { cases: [], total: 0, more: false, nextCursor: null };
export const EMPTY: Board = { judge: NONE, judging: NONE, findings: NONE, abroad: NONE, close: NONE, closed: NONE };

const RANK = { critical: 0, high: 1, medium: 2, low: 3 } as const;

/** Gravest first, then what is due soonest, then the newest step; what is closed by its newest step alone. */
export function order(column: Column): (a: CaseView, b: CaseView) => number {
  const due = (one: CaseView) => (one.due_at ? Date.parse(one.due_at) : Infinity);
  const newest = (a: CaseView, b: CaseView) =>
    Date.parse(b.updated_at) - Date.parse(a.updated_at) || (a.id < b.id ? -1 : 1);
  if (column === "closed") return newest;
  return (a, b) => RANK[a.level] - RANK[b.level] || (due(a) === due(b) ? 0 : due(a) - due(b)) || newest(a, b);
}

export function piled(column: Column, cases: readonly CaseView[], of: Omit<CasePage, "cases">): Pile {
  const once = new Map(cases.map((one) => [one.id, one]));
  const { total, more, next_cursor: nextCursor } = of;
  return { cases: [...once.values()].sort(order(column)), total, more, nextCursor };
}

/** A step was taken: the card changes where it stands, or goes to the column where it belongs now. */
export function stepped(board: Board, one: CaseView, narrowing: Narrowing, now: number): Board {
  const to = accepts(narrowing, one, now) ? columnOf(one.state) : null;
  const next = { ...board };
  for (const column of COLUMNS) {
    const pile = board[column];
    const at = pile.cases.findIndex((each) => each.id === one.id);
    if (at >= 0 && column === to) {
      next[column] = { ...pile, cases: pile.cases.with(at, one) };
    } else if (at >= 0) {
      next[column] = { ...pile, cases: pile.cases.toSpliced(at, 1), total: pile.total - 1 };
    } else if (column === to) {
      next[column] = { ...pile, cases: [...pile.cases, one].sort(order(column)), total: pile.total + 1 };
    }
  }
  return next;
}
