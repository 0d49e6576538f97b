/**
 * The alert stream as data: what is shown, and what waits behind the counter.
 * The rule: while the list is held (somebody scrolls, points or reads), rows change in place
 * and never move; what is new waits until it is asked for.
 */
import type { AlertPage, AlertView, CaseBrief, CaseView } from "../api/schema";
import { accepts, type Filters } from "./filters";

export interface Stream {
  readonly rows: readonly AlertView[];
  readonly waiting: readonly AlertView[];
  /** How many wait beyond those, not kept here. */
  readonly nCut: number;
  readonly nextCursor: string | null;
  readonly total: number;
  /** There are more: the server counts no further. */
  readonly more: boolean;
}

export const EMPTY: Stream = { rows: [], waiting: [], nCut: 0, nextCursor: null, total: 0, more: false };

/** Each row carries its whole event: an hour's storm must not fill the page's memory. */
export const MOST_WAITING = 300;
export const MOST_ROWS = 800;

export function isLong(stream: Stream): boolean {
  return stream.rows.length > MOST_ROWS;
}

const RANK = { critical: 0, high: 1, medium: 2, low: 3 } as const;

/** Gravest first, newest first within a level; the fingerprint only makes it definite. */
export function order(a: AlertView, b: AlertView): number {
  return (
    RANK[a.level] - RANK[b.level] ||
    Date.parse(b.updated_at) - Date.parse(a.updated_at) ||
    // The server knows microseconds, and a list that is sorted again must come out as the server's.
    finer(b.updated_at, a.updated_at) ||
    (a.fingerprint > b.fingerprint ? -1 : 1)
  );
}

/** Two instants of the same millisecond, by the digits that `Date` leaves out. */
function finer(a: string, b: string): number {
  const [first, second] = [a.replace("Z", ""), b.replace("Z", "")];
  return first === second ? 0 : first < second ? -1 : 1;
}

export function fromPage(page: AlertPage): Stream {
  return {
    rows: page.alerts,
    waiting: [],
    nCut: 0,
    nextCursor: page.next_cursor,
    total: page.total,
    more: page.more,
  };
}

/** The next page below. What came twice because the list has moved at the server stays once. */
export function append(stream: Stream, page: AlertPage): Stream {
  const known = new Set(stream.rows.map((row) => row.fingerprint));
  const rows = [...stream.rows, ...page.alerts.filter((alert) => !known.has(alert.fingerprint))];
  const total = page.total + stream.waiting.length + stream.nCut;
  return { ...stream, rows, nextCursor: page.next_cursor, total, more: page.more };
}

function place(rows: readonly AlertView[], alert: AlertView): AlertView[] {
  const at = rows.findIndex((row) => order(alert, row) < 0);
  return at < 0 ? [...rows, alert] : [...rows.slice(0, at), alert, ...rows.slice(at)];
}

function replaced(rows: readonly AlertView[], alert: AlertView): AlertView[] | null {
  const at = rows.findIndex((row) => row.fingerprint === alert.fingerprint);
  return at < 0 ? null : rows.with(at, alert);
}

/** An alert came over the live stream: new, merged again, or ended. */
export function arrive(stream: Stream, alert: AlertView, filters: Filters, held: boolean): Stream {
  const inPlace = replaced(stream.rows, alert);
  if (inPlace) return { ...stream, rows: inPlace };
  const stillWaiting = replaced(stream.waiting, alert);
  if (stillWaiting) return { ...stream, waiting: stillWaiting };
  if (!accepts(filters, alert)) return stream;
  if (held) {
    const waiting = place(stream.waiting, alert);
    const nCut = stream.nCut + Math.max(0, waiting.length - MOST_WAITING);
    return { ...stream, waiting: waiting.slice(0, MOST_WAITING), nCut, total: stream.total + 1 };
  }
  const rows = place(stream.rows, alert);
  const belowTheLoaded = stream.nextCursor !== null && rows.at(-1) === alert;
  return { ...stream, rows: belowTheLoaded ? stream.rows : rows, total: stream.total + 1 };
}

type CaseBriefed = Pick<CaseView, keyof CaseBrief>;

/** What a row shows of its case. */
export function brief(of: CaseBriefed): CaseBrief {
  const { id, state, verdict, owner, lease_until, version } = of;
  return { id, state, verdict, owner, lease_until, version };
}

/** A step was taken with a case: its alerts say so where they stand, and no row moves. */
export function stepped(stream: Stream, of: CaseView): Stream {
  const inCase = new Set(of.alerts);
  const told = (row: AlertView): AlertView => {
    if (inCase.has(row.fingerprint)) return { ...row, case: brief(of) };
    return row.case?.id === of.id ? { ...row, case: null } : row;
  };
  return { ...stream, rows: stream.rows.map(told), waiting: stream.waiting.map(told) };
}

/** One alert's case, where it is not known which others are in it. */
export function briefed(stream: Stream, fingerprint: string, of: CaseBriefed): Stream {
  const told = (row: AlertView): AlertView => (row.fingerprint === fingerprint ? { ...row, case: brief(of) } : row);
  return { ...stream, rows: stream.rows.map(told), waiting: stream.waiting.map(told) };
}

/** Let in what waits, and put every row where it belongs by now. */
export function release(stream: Stream): Stream {
  return { ...stream, rows: [...stream.rows, ...stream.waiting].sort(order), waiting: [], nCut: 0 };
}

/** The row `step` below the selected one; the first when nothing is selected. */
export function neighbour(stream: Stream, selected: string | null, step: number): string | null {
  const at = stream.rows.findIndex((row) => row.fingerprint === selected);
  const to = at < 0 ? 0 : Math.min(Math.max(at + step, 0), stream.rows.length - 1);
  return stream.rows[to]?.fingerprint ?? null;
}
