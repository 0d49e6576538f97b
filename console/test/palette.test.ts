import { describe, expect, test } from "vitest";
import { addressOf, fits } from "../src/ui/palette";

describe("the palette", () => {
  test("finds by words of either language, in any order", () => {
    const texts = ["take back the last step", "撤销上一步", "z"];
    expect(fits("last TAKE", texts)).toBe(true);
    expect(fits("撤销", texts)).toBe(true);
    expect(fits("", texts)).toBe(true);
    expect(fits("take never", texts)).toBe(false);
  });

  test.each([
    ["0123456789ABCDEF", "/alerts/0123456789abcdef"],
    [" c0607-1a2b3c ", "/cases/C0607-1A2B3C"],
    ["0123", null],
    ["C0607", null],
    ["../x", null],
  ])("%s is the name of %s", (typed, path) => {
    expect(addressOf(typed)).toBe(path);
  });
});
