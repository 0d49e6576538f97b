import { describe, expect, test } from "vitest";
import { diff, tokens, type Part } from "../src/text/diff";

const of = (parts: readonly Part[], ...kinds: Part["kind"][]) =>
  parts
    .filter((part) => kinds.includes(part.kind))
    .map((part) => part.text)
    .join("");

/** Numbers that are the same each time. */
function* numbers(seed: number): Generator<number> {
  for (let x = seed; ; ) yield (x = (x * 48271) % 2147483647);
}

/** The slow obvious twin: the longest common run of tokens, by the full table. */
function longestCommon(a: readonly string[], b: readonly string[]): number {
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++)
      table[i]![j] =
        a[i - 1] === b[j - 1] ? table[i - 1]![j - 1]! + 1 : Math.max(table[i - 1]![j]!, table[i]![j - 1]!);
  return table[a.length]![b.length]!;
}

describe("the difference of two texts", () => {
  test("marks what was filled in, character by character in Chinese", () => {
    expect(diff("占个坑\n先占楼。", "占个坑\n先占楼。求第19题答案")).toEqual([
      { text: "占个坑\n先占楼。", kind: "same" },
      { text: "求第19题答案", kind: "new" },
    ]);
  });

  test("compares other scripts by words", () => {
    expect(diff("answers for sale", "answers not for sale")).toEqual([
      { text: "answers ", kind: "same" },
      { text: "not ", kind: "new" },
      { text: "for sale", kind: "same" },
    ]);
  });

  test("finds nothing between equal texts, and all of it against none", () => {
    expect(diff("同样", "同样")).toEqual([{ text: "同样", kind: "same" }]);
    expect(diff("", "新")).toEqual([{ text: "新", kind: "new" }]);
    expect(diff("旧", "")).toEqual([{ text: "旧", kind: "gone" }]);
    expect(diff("", "")).toEqual([]);
  });

  test("cuts no character in two", () => {
    expect(tokens("𠮷a1 b")).toEqual(["𠮷", "a1", " ", "b"]);
  });

  test("makes both texts again, and is as short as can be", () => {
    const next = numbers(7);
    const word = () => "甲乙丙丁"[(next.next().value as number) % 4] ?? "";
    for (let round = 0; round < 300; round++) {
      const before = Array.from({ length: (next.next().value as number) % 12 }, word).join("");
      const after = Array.from({ length: (next.next().value as number) % 12 }, word).join("");
      const parts = diff(before, after);
      expect(of(parts, "same", "gone")).toBe(before);
      expect(of(parts, "same", "new")).toBe(after);
      expect(of(parts, "same")).toHaveLength(longestCommon([...before], [...after]));
    }
  });

  test("stays quick where everything differs", () => {
    const before = Array.from({ length: 20_000 }, (_, i) => String.fromCodePoint(0x4e00 + (i % 3000))).join("");
    const after = Array.from({ length: 20_000 }, (_, i) => String.fromCodePoint(0x6e00 + (i % 3000))).join("");
    const began = performance.now();
    const parts = diff(before, after);
    expect(performance.now() - began).toBeLessThan(2000);
    expect(of(parts, "gone")).toBe(before);
    expect(of(parts, "new")).toBe(after);
  });
});
