import { describe, expect, it } from "vitest";
import { dbRange, line, stair, xOf, yOf, type Frame } from "../src/ui/moment/curve";

const frame: Frame = { width: 100, height: 50, lowHz: 1000, highHz: 2000, lowDb: -120, highDb: -70 };

describe("the moment's plot", () => {
  it("holds every level in whole steps, at least twenty decibels of them", () => {
    expect(dbRange([-113.2, -84, null])).toEqual({ low: -120, high: -80 });
    expect(dbRange([-100.5, -100.4])).toEqual({ low: -110, high: -90 });
    expect(dbRange([null])).toEqual({ low: -140, high: -100 });
    expect(dbRange([-100, -80.5]).high).toBe(-70);
  });

  it("puts loud above quiet and high to the right, and never outside", () => {
    expect(xOf(frame, 1500)).toBe(50);
    expect(yOf(frame, -70)).toBe(0);
    expect(yOf(frame, -120)).toBe(50);
    expect(yOf(frame, -300)).toBe(50);
  });

  it("breaks where nothing is known, and at the frame's edges", () => {
    expect(line(frame, 1000, 250, [-70, -120, null, -95])).toBe("M12.5 0.0L37.5 50.0M87.5 25.0");
    expect(line(frame, 0, 500, [-70, -70, -70])).toBe("M25.0 0.0");
    expect(stair(frame, 750, 500, [-95, -70, null])).toBe("M0.0 25.0L25.0 25.0L25.0 0.0L75.0 0.0");
  });
});
