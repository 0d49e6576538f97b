import { describe, expect, test } from "vitest";
import { Kept } from "../src/state/kept";

function world(most = 2) {
  let now = 0;
  const kept = new Kept<string>({ most, freshMs: 100, now: () => now });
  return { kept, wait: (ms: number) => void (now += ms) };
}

describe("what was read lately", () => {
  test("is bounded: what was longest not asked for goes first", () => {
    const { kept } = world();
    kept.put("a", "1");
    kept.put("b", "2");
    kept.get("a");
    kept.put("c", "3");
    expect([kept.get("a"), kept.get("b"), kept.get("c"), kept.size]).toEqual(["1", null, "3", 2]);
  });

  test("is fresh for a while, and still there after it", () => {
    const { kept, wait } = world();
    kept.put("a", "1");
    expect(kept.isFresh("a")).toBe(true);
    wait(100);
    expect([kept.isFresh("a"), kept.get("a")]).toEqual([false, "1"]);
  });

  test("is not kept where it changed while it was on its way", async () => {
    const { kept } = world();
    let arrive = (_: string) => {};
    const reading = kept.read("a", () => new Promise((resolve) => (arrive = resolve)));
    kept.drop("a");
    arrive("old");
    expect([await reading, kept.get("a")]).toEqual(["old", null]);
    await kept.read("a", () => Promise.resolve("new"));
    expect(kept.get("a")).toBe("new");
    await expect(kept.read("b", () => Promise.reject(new Error("gone")))).rejects.toThrow("gone");
    expect(kept.get("b")).toBeNull();
  });
});
