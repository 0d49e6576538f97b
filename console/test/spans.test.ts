import { describe, expect, test } from "vitest";
import { cut, marksOf } from "../src/text/spans";

const mark = (start: number, end: number, reason = 1) => ({ start, end, reason });
const joined = (pieces: { text: string }[]) => pieces.map((piece) => piece.text).join("");

describe("marks in a text", () => {
  test("count code points, so an emoji before a mark does not shift it", () => {
    const pieces = cut("😎😎卖答案", [mark(2, 5)]);
    expect(pieces).toEqual([
      { text: "😎😎", reasons: [] },
      { text: "卖答案", reasons: [1] },
    ]);
  });

  test("that overlap are cut where they cross and carry both numbers", () => {
    expect(cut("abcdef", [mark(0, 4, 1), mark(2, 6, 2)])).toEqual([
      { text: "ab", reasons: [1] },
      { text: "cd", reasons: [1, 2] },
      { text: "ef", reasons: [2] },
    ]);
  });

  test("never lose or add a character, wherever they fall", () => {
    const text = "𠮷a\u200b绝密★😀é\n末";
    const length = Array.from(text).length;
    for (let start = -2; start <= length + 2; start++) {
      for (let end = start - 1; end <= length + 2; end++) {
        expect(joined(cut(text, [mark(start, end), mark(3, 5, 2)]))).toBe(text);
      }
    }
  });

  test("outside the text mark nothing", () => {
    expect(cut("短", [mark(5, 9), mark(1, 1)])).toEqual([{ text: "短", reasons: [] }]);
  });

  test("of an empty text are no pieces", () => {
    expect(cut("", [mark(0, 1)])).toEqual([]);
  });

  test("come only from reasons about that field, numbered as the list shows them", () => {
    const reason = (field: string, spans: [number, number][]) => ({
      selection: "", field, modifier: "", expected: null, actual: null, spans, text: "", text_zh: "", rule: "",
    });
    expect(marksOf([reason("phase", []), reason("text", [[1, 2]]), reason("title", [[0, 1]])], "text")).toEqual([
      { start: 1, end: 2, reason: 2 },
    ]);
  });
});
