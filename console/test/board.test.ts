import { describe, expect, test } from "vitest";
import type { CaseDetail, CaseView } from "../src/api/schema";
import {
  ALL,
  COLUMNS,
  columnOf,
  EMPTY,
  fromQuery,
  isLate,
  piled,
  queryOf,
  STATES_OF,
  stepped,
  toPath,
  type Narrowing,
} from "../src/pages/cases/board";
import { buttons, confirmations, instantOf, localOf, undoable, usual } from "../src/pages/cases/steps";

const NOW = Date.parse("2026-06-07T02:00:00Z");
const at = (minute: number) => `2026-06-07T01:${String(minute).padStart(2, "0")}:00Z`;

function one(id: string, more: Partial<CaseDetail> = {}): CaseDetail {
  return {
    id,
    kind: "radio",
    title: { en: "Voice", zh: "话音" },
    level: "medium",
    venue: null,
    drill: false,
    department: "radio",
    state: "new",
    verdict: null,
    outcome: null,
    owner: null,
    lease_until: null,
    confirmed_by: [],
    judged_at: null,
    judged_by: null,
    notified_at: null,
    told: [],
    opened_at: at(0),
    updated_at: at(0),
    closed_at: null,
    due_at: null,
    tasks: [],
    checks: [],
    merged_into: null,
    version: 1,
    alerts: ["a"],
    events: [],
    related: [],
    book: null,
    possible: [],
    ...more,
  };
}

const ids = (cases: readonly CaseView[]) => cases.map((each) => each.id);

describe("the board", () => {
  test("has a column for each state but merged, and each once", () => {
    const states = COLUMNS.flatMap((column) => STATES_OF[column]);
    expect(new Set(states).size).toBe(states.length);
    expect(states).toHaveLength(19);
    expect(columnOf("merged")).toBeNull();
  });

  test("puts the gravest first, then what is due soonest", () => {
    const pile = piled(
      "judge",
      [
        one("later", { due_at: at(50) }),
        one("none"),
        one("sooner", { due_at: at(40) }),
        one("grave", { level: "critical", due_at: at(59) }),
        one("sooner", { due_at: at(40) }),
      ],
      { total: 4, more: false, next_cursor: null },
    );
    expect(ids(pile.cases)).toEqual(["grave", "sooner", "later", "none"]);
  });

  test("moves a card to the column of its state, and counts it there", () => {
    const full = { ...EMPTY, judge: piled("judge", [one("a"), one("b")], { total: 2, more: false, next_cursor: null }) };
    const next = stepped(full, one("a", { state: "claimed", version: 2 }), ALL, NOW);
    expect([ids(next.judge.cases), next.judge.total]).toEqual([["b"], 1]);
    expect([ids(next.judging.cases), next.judging.total]).toEqual([["a"], 1]);
  });

  test("lets a card that changes stay where it stands in its column", () => {
    const full = { ...EMPTY, judge: piled("judge", [one("a"), one("b")], { total: 2, more: false, next_cursor: null }) };
    const next = stepped(full, one("b", { level: "critical", version: 2 }), ALL, NOW);
    expect(ids(next.judge.cases)).toEqual(["a", "b"]);
    expect(next.judge.cases[1]?.level).toBe("critical");
  });

  test("lets go of what was merged, and of what the filters no longer want", () => {
    const full = { ...EMPTY, judge: piled("judge", [one("a"), one("b")], { total: 2, more: false, next_cursor: null }) };
    expect(ids(stepped(full, one("a", { state: "merged" }), ALL, NOW).judge.cases)).toEqual(["b"]);
    const mine: Narrowing = { ...ALL, owner: "li" };
    expect(stepped(full, one("c", { owner: "wang" }), mine, NOW)).toEqual(full);
    expect(ids(stepped(full, one("c", { owner: "li" }), mine, NOW).judge.cases)).toContain("c");
  });

  test("is narrowed by an address, and the address comes out the same", () => {
    const path = "/cases?state=judge,close&kind=paper&venue=%E4%B8%80%E4%B8%AD&owner=li&late=true&q=x";
    const narrowing = fromQuery(new URL(path, "http://x").searchParams);
    expect(narrowing.columns).toEqual(["judge", "close"]);
    expect(toPath(narrowing)).toBe(path);
    expect(fromQuery(new URLSearchParams("state=nonsense&late=yes"))).toEqual(ALL);
    const query = queryOf("close", narrowing, 40);
    expect(query.get("state")).toBe("benign,found,lost,stopped,sealed,transferred");
    expect([query.get("venue"), query.get("limit")]).toEqual(["一中", "40"]);
  });

  test("calls late what is past its time, and nothing that is closed", () => {
    expect(isLate(one("a", { due_at: at(59) }), NOW)).toBe(true);
    expect(isLate(one("a", { due_at: "2026-06-07T02:00:01Z" }), NOW)).toBe(false);
    expect(isLate(one("a", { due_at: at(59), state: "closed" }), NOW)).toBe(false);
  });
});

describe("the steps of a case", () => {
  test("show the usual one first and leave out what has a place of its own", () => {
    const shown = one("a", { state: "confirmed", possible: ["claim", "notify", "close", "note", "task", "check"] });
    expect(usual(shown)).toBe("notify");
    expect(buttons(shown.possible, usual(shown))).toEqual(["notify", "claim", "close"]);
    expect(usual(one("a", { state: "new", possible: ["judge"] }))).toBeNull();
  });

  const event = (actor: string, action: string, minute: number, body: Record<string, unknown> = {}) => ({
    seq: minute,
    at: at(minute),
    actor,
    action,
    body,
  });

  test("are taken back only by who took the last one, while it is fresh, if it can be", () => {
    const shown = one("a", { events: [event("li", "opened", 40), event("li", "judge", 50)] });
    expect(undoable(shown, "li", NOW)?.action).toBe("judge");
    expect(undoable(shown, "wang", NOW)).toBeNull();
    expect(undoable(shown, "li", NOW + 6 * 60_000)).toBeNull();
    expect(undoable(one("a", { events: [event("li", "split", 59)] }), "li", NOW)?.action).toBe("split");
    expect(undoable(one("a", { events: [event("li", "opened", 59)] }), "li", NOW)).toBeNull();
    const apart = { ...event("li", "opened", 59), body: { from: "b" } };
    expect(undoable(one("a", { events: [apart] }), "li", NOW)?.action).toBe("opened");
    expect(undoable(one("a", { events: [event("li", "link", 59)] }), "li", NOW)).toBeNull();
    expect(undoable(one("a"), "li", NOW)).toBeNull();
  });

  test("tell who confirmed and when", () => {
    const shown = one("a", {
      confirmed_by: ["li", "wang"],
      events: [
        event("li", "judge", 10, { verdict: "confirmed" }),
        event("wang", "judge", 12, { verdict: "scam" }),
        event("wang", "judge", 14, { verdict: "confirmed" }),
      ],
    });
    expect(confirmations(shown)).toEqual([
      { name: "li", at: at(10) },
      { name: "wang", at: at(14) },
    ]);
  });

  test("read and write the browser's own time", () => {
    const instant = Date.parse("2026-06-07T01:30:00Z");
    expect(instantOf(localOf(instant))).toBe("2026-06-07T01:30:00.000Z");
    expect(instantOf("")).toBeNull();
    expect(instantOf("soon")).toBeNull();
  });
});
