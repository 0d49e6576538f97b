import { describe, expect, test } from "vitest";
import { ALL, type Filters } from "../src/state/filters";
import { append, arrive, fromPage, isLong, MOST_ROWS, MOST_WAITING, neighbour, order, release, stepped, type Stream } from "../src/state/stream";
import type { CaseView } from "../src/api/schema";
import { alert } from "./alerts";

const at = (minute: number) => `2026-06-07T01:${String(minute).padStart(2, "0")}:00Z`;
const names = (rows: readonly { fingerprint: string }[]) => rows.map((row) => row.fingerprint);
const page = (...rows: ReturnType<typeof alert>[]) =>
  fromPage({ alerts: rows, next_cursor: null, total: rows.length, more: false, live_id: 0 });
const start: Stream = page(
  alert("a", { level: "critical", updated_at: at(10) }),
  alert("b", { level: "high", updated_at: at(20) }),
  alert("c", { level: "low", updated_at: at(30) }),
);

describe("the alert stream", () => {
  test("is ordered gravest first, then newest first", () => {
    const rows = [
      alert("old-low", { level: "low", updated_at: at(1) }),
      alert("new-low", { level: "low", updated_at: at(9) }),
      alert("old-grave", { level: "critical", updated_at: at(0) }),
    ];
    expect(names(rows.sort(order))).toEqual(["old-grave", "new-low", "old-low"]);
  });

  test("keeps the server's order within a millisecond", () => {
    const second = "2026-06-07T01:00:00";
    const rows = [
      alert("a", { updated_at: `${second}.000900Z` }),
      alert("b", { updated_at: `${second}.000100Z` }),
      alert("c", { updated_at: `${second}Z` }),
    ];
    expect(names(release(page(...rows)).rows)).toEqual(["a", "b", "c"]);
  });

  test("puts a new alert in its place while nobody is busy with it", () => {
    const next = arrive(start, alert("n", { level: "high", updated_at: at(40) }), ALL, false);
    expect(names(next.rows)).toEqual(["a", "n", "b", "c"]);
    expect(next.total).toBe(4);
  });

  test("does not move while it is held: the new one waits and is counted", () => {
    const next = arrive(start, alert("n", { level: "critical", updated_at: at(40) }), ALL, true);
    expect(names(next.rows)).toEqual(["a", "b", "c"]);
    expect(names(next.waiting)).toEqual(["n"]);
    expect(next.total).toBe(4);
  });

  test("changes a row in place when its alert comes again, even one that has become graver", () => {
    const again = alert("c", { level: "critical", updated_at: at(50), count: 2 });
    const next = arrive(start, again, ALL, false);
    expect(names(next.rows)).toEqual(["a", "b", "c"]);
    expect(next.rows[2]?.count).toBe(2);
    expect(next.total).toBe(3);
  });

  test("keeps one entry for an alert that comes twice while it waits", () => {
    const once = arrive(start, alert("n", { count: 1 }), ALL, true);
    const twice = arrive(once, alert("n", { count: 2 }), ALL, true);
    expect(twice.waiting).toHaveLength(1);
    expect(twice.waiting[0]?.count).toBe(2);
    expect(twice.total).toBe(4);
  });

  test("lets in what waits, all in order, when asked", () => {
    const held = arrive(start, alert("n", { level: "critical", updated_at: at(40) }), ALL, true);
    const next = release(held);
    expect(names(next.rows)).toEqual(["n", "a", "b", "c"]);
    expect(next.waiting).toEqual([]);
  });

  test("leaves out what the filters do not want", () => {
    const onlyWeb: Filters = { ...ALL, kinds: ["web"] };
    expect(arrive(start, alert("n"), onlyWeb, false)).toBe(start);
  });

  test("shows no row below the loaded ones: it will come with its page", () => {
    const more: Stream = { ...start, nextCursor: "x", total: 300 };
    const next = arrive(more, alert("n", { level: "low", updated_at: at(0) }), ALL, false);
    expect(names(next.rows)).toEqual(["a", "b", "c"]);
    expect(next.total).toBe(301);
  });

  test("appends a page without doubling what has moved between two pages", () => {
    const next = append(start, { alerts: [alert("c"), alert("d")], next_cursor: null, total: 4, more: false, live_id: 9 });
    expect(names(next.rows)).toEqual(["a", "b", "c", "d"]);
  });

  test("is walked from the top and stops at both ends", () => {
    expect(neighbour(start, null, 1)).toBe("a");
    expect(neighbour(start, "a", 1)).toBe("b");
    expect(neighbour(start, "a", -1)).toBe("a");
    expect(neighbour(start, "c", 1)).toBe("c");
    expect(neighbour(page(), null, 1)).toBeNull();
  });
});

const step = (alerts: string[], more: Partial<CaseView> = {}): CaseView =>
  ({
    id: "C1",
    state: "benign",
    verdict: "benign",
    owner: "li",
    lease_until: null,
    version: 2,
    alerts,
    ...more,
  }) as CaseView;

describe("a step with a case", () => {
  test("is told at its alerts, and no row moves", () => {
    const next = stepped(start, step(["b"]));
    expect(names(next.rows)).toEqual(["a", "b", "c"]);
    expect(next.rows.map((row) => row.case?.verdict ?? null)).toEqual([null, "benign", null]);
  });

  test("takes the mark off what was split away", () => {
    const both = stepped(start, step(["a", "b"]));
    const next = stepped(both, step(["a"]));
    expect(next.rows.map((row) => row.case?.id ?? null)).toEqual(["C1", null, null]);
  });

  test("keeps no more than so many that wait, and counts the others", () => {
    let list = start;
    for (let n = 0; n < MOST_WAITING + 7; n += 1) list = arrive(list, alert(`n${n}`, { level: "low", updated_at: at(40) }), ALL, true);
    list = arrive(list, alert("grave", { level: "critical", updated_at: at(41) }), ALL, true);
    expect([list.waiting.length, list.nCut, list.total]).toEqual([MOST_WAITING, 8, MOST_WAITING + 11]);
    expect(list.waiting[0]?.fingerprint).toBe("grave");
  });

  test("says when it has become too long to be kept whole", () => {
    const rows = Array.from({ length: MOST_ROWS }, (_, n) => alert(`n${n}`));
    expect(isLong(page(...rows))).toBe(false);
    expect(isLong(arrive(page(...rows), alert("one more"), ALL, false))).toBe(true);
  });
});
