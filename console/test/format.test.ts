import { describe, expect, test } from "vitest";
import { countdown, hertz, measure, megahertz, parts, percent, seconds, span, ticks, zone } from "../src/text/format";

describe("numbers for the field", () => {
  test("frequencies tell channels apart", () => {
    expect(megahertz(433_920_110)).toBe("433.9201");
    expect(megahertz(409_750_000)).toBe("409.750");
    expect(hertz(12_100)).toEqual(["12.1", "kHz"]);
    expect(hertz(250_000)).toEqual(["250", "kHz"]);
    expect(hertz(648)).toEqual(["648", "Hz"]);
  });

  test("a session that ends on another day says which", () => {
    const at = (day: number, hour: number) => new Date(2026, 5, day, hour, 30).getTime();
    expect(span(at(7, 9), at(7, 11))).toBe("2026-06-07 09:30 – 11:30");
    expect(span(at(7, 9), at(8, 9))).toBe("2026-06-07 09:30 – 06-08 09:30");
  });

  test("lengths of time take the unit that reads best", () => {
    expect(seconds(0.042)).toEqual(["42", "ms"]);
    expect(seconds(3.5)).toEqual(["3.50", "s"]);
    expect(seconds(361)).toEqual(["6.0", "min"]);
    expect(countdown(465_000)).toBe("0:07:45");
    expect(countdown(4_365_000)).toBe("1:12:45");
    expect(countdown(-5)).toBe("0:00:00");
    expect(parts(5_700_000)).toEqual([1, 35, 0]);
  });

  test("negative levels carry a minus sign, shares a percent sign", () => {
    expect(measure(-32.1, "dBFS")).toEqual(["−32.1", "dBFS"]);
    expect(percent(0.93)).toBe("93 %");
    expect(percent(0.012)).toBe("1.2 %");
  });

  test("the zone of all times is written out", () => {
    expect(zone(480)).toBe("UTC+8");
    expect(zone(-210)).toBe("UTC−3:30");
    expect(zone(0)).toBe("UTC+0");
  });
});

describe("axis ticks", () => {
  test("are round numbers inside the axis with just the decimals they need", () => {
    expect(ticks(433.8, 434.04, 5)).toEqual([433.8, 433.85, 433.9, 433.95, 434].map((value) => ({
      value: expect.closeTo(value, 9) as number,
      places: 2,
    })));
    expect(ticks(0, 8, 8).map(({ value }) => value)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(ticks(0, 0.004, 4)[1]).toEqual({ value: 0.001, places: 3 });
  });

  test("of an axis without length are none", () => {
    expect(ticks(3, 3, 5)).toEqual([]);
    expect(ticks(Number.NaN, 3, 5)).toEqual([]);
  });
});
