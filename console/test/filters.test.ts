import { describe, expect, test } from "vitest";
import { accepts, ALL, fromUrl, isFiring, LEVELS, toggle, toPath, type Place } from "../src/state/filters";
import { alert } from "./alerts";

const url = (path: string) => new URL(path, "http://127.0.0.1:8440");

describe("the address", () => {
  test("says what is shown, and gives it back", () => {
    const place: Place = {
      filters: { kinds: ["web"], levels: ["critical", "high"], state: "firing", review: "open", venue: "实验中学" },
      selected: "0123456789abcdef",
    };
    expect(fromUrl(url(toPath(place)))).toEqual(place);
  });

  test("without filters is short", () => {
    expect(toPath({ filters: ALL, selected: null })).toBe("/");
    expect(toPath({ filters: ALL, selected: "ab12" })).toBe("/alerts/ab12");
  });

  test("with words that nobody knows opens all the same", () => {
    expect(fromUrl(url("/somewhere?kind=laser,web&level=&state=maybe"))).toEqual({
      filters: { ...ALL, kinds: ["web"] },
      selected: null,
    });
  });
});

describe("filters", () => {
  test("restrict only by what is chosen", () => {
    expect(accepts(ALL, alert("a"))).toBe(true);
    expect(accepts({ ...ALL, levels: ["high"] }, alert("a"))).toBe(false);
    expect(accepts({ ...ALL, state: "ended" }, alert("a", { firing: false }))).toBe(true);
    expect(accepts({ ...ALL, venue: "x" }, alert("a", { venue: "y" }))).toBe(false);
  });

  test("tell what is to be judged from what somebody has judged", () => {
    const at = (state: string) =>
      alert("a", { case: { id: "C1", state, verdict: null, owner: null, lease_until: null, version: 1 } });
    const open = { ...ALL, review: "open" } as const;
    expect([alert("a"), at("claimed"), at("benign")].map((one) => accepts(open, one))).toEqual([true, true, false]);
    expect(accepts({ ...ALL, review: "judged" }, at("closed"))).toBe(true);
  });

  test("go in and out of a set in a fixed order", () => {
    expect(toggle(["low"], LEVELS, "critical")).toEqual(["critical", "low"]);
    expect(toggle(["critical", "low"], LEVELS, "critical")).toEqual(["low"]);
  });

  test("an alert ends by the clock, without another message", () => {
    const burst = alert("a", { ends_at: "2026-06-07T01:01:00Z", firing: true });
    expect(isFiring(burst, Date.parse("2026-06-07T01:00:59Z"))).toBe(true);
    expect(isFiring(burst, Date.parse("2026-06-07T01:01:01Z"))).toBe(false);
  });
});
