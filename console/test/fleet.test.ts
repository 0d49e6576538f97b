import { describe, expect, it, vi } from "vitest";
import type { FleetView, NodeView, ReleaseView } from "../src/api/schema";
import { counted, daysUntil, filling, mayRepeat, shownOf, signed, stagesOf } from "../src/pages/fleet/fleet";

vi.stubGlobal("navigator", { languages: ["en"] });
vi.stubGlobal("document", { documentElement: { dataset: {} } });
vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });
const { words } = await import("../src/pages/fleet/words");

const node = (name: string, more: Partial<NodeView> = {}) =>
  ({ node: name, venue: "v1", state: "enrolled", needs: [], outbox: null, ...more }) as unknown as NodeView;

const release = (serial: number, more: Partial<ReleaseView> = {}) =>
  ({ serial, state: "done", stage: 2, steps: [{}, {}, {}], content: `c${serial}`, ...more }) as unknown as ReleaseView;

const fleet = (...releases: ReleaseView[]) => ({ releases }) as unknown as FleetView;
const SHARES = [0.01, 0.1, 1];

describe("machines", () => {
  const nodes = [
    node("b"),
    node("a", { venue: "No1-High" }),
    node("c", { needs: ["clock"] }),
    node("d", { needs: ["silent", "clock"] }),
    node("e", { state: "revoked" }),
    node("f", { state: "invited" }),
  ];
  const names = (asked: Parameters<typeof shownOf>[1]) => shownOf(nodes, asked).map((one) => one.node);
  const all = { needy: false, retired: false, find: "" };

  it("stand with the gravest first, and who was shut out is not among them", () => {
    expect(names(all)).toEqual(["d", "c", "a", "b", "f"]);
    expect(names({ ...all, retired: true })).toEqual(["d", "c", "a", "b", "e", "f"]);
  });

  it("are found by need, name and venue", () => {
    expect(names({ ...all, needy: true })).toEqual(["d", "c"]);
    expect(names({ ...all, find: " no1 " })).toEqual(["a"]);
    expect(names({ ...all, find: "zzz" })).toEqual([]);
  });

  it("are counted without those that were shut out", () => {
    expect(counted(nodes)).toEqual({ all: 5, needy: 2, invited: 1, retired: 1 });
  });

  it("have outboxes between empty and full", () => {
    const box = { n_waiting: 1, n_bytes: 50, max_bytes: 200, n_dropped: 0, n_refused: 0, n_evidence: 0 };
    expect(filling(node("a"))).toBeNull();
    expect(filling(node("a", { outbox: box }))).toBe(0.25);
    expect(filling(node("a", { outbox: { ...box, n_bytes: 900 } }))).toBe(1);
    expect(filling(node("a", { outbox: { ...box, max_bytes: 0 } }))).toBeNull();
  });

  it("have clocks that are ahead, behind, or right", () => {
    expect([1.24, -2, -0.02, 0].map(signed)).toEqual(["+1.2", "−2.0", "0.0", "0.0"]);
  });

  it("have whole days left", () => {
    const now = Date.parse("2026-06-07T04:00:00Z");
    expect(daysUntil("2026-06-09T03:00:00Z", now)).toBe(1);
    expect(daysUntil("2026-06-07T03:59:00Z", now)).toBe(-1);
  });
});

describe("releases", () => {
  it("show which stage is passed, now, to come, or where it stopped", () => {
    const states = (one: ReleaseView) => stagesOf(one, SHARES).map((stage) => stage.state);
    expect(states(release(1, { state: "running", stage: 1 }))).toEqual(["passed", "now", "ahead"]);
    expect(states(release(1))).toEqual(["passed", "passed", "passed"]);
    expect(states(release(1, { state: "rolled-back", stage: 0 }))).toEqual(["stopped", "ahead", "ahead"]);
  });

  it("that take back another went to all at once and have no stages", () => {
    expect(stagesOf(release(3, { steps: [] }), SHARES)).toEqual([]);
  });

  it("may come again if they were good, have other files, and none is under way", () => {
    expect(mayRepeat(release(1), fleet(release(2), release(1)))).toBe(true);
    expect(mayRepeat(release(2), fleet(release(2), release(1)))).toBe(false);
    expect(mayRepeat(release(1), fleet(release(3, { content: "c1" }), release(2), release(1)))).toBe(false);
    expect(mayRepeat(release(1, { state: "rolled-back" }), fleet(release(2)))).toBe(false);
    expect(mayRepeat(release(1), fleet(release(3, { state: "running" }), release(2), release(1)))).toBe(false);
  });
});

it("every need has its words", () => {
  for (const need of ["cloned", "ended", "ending", "silent", "never-seen", "unwell", "refused", "clock", "outbox"])
    expect(words.value.needOf[need]).toBeTruthy();
});
