import { describe, expect, test } from "vitest";
import { Pinch } from "../src/ui/pinch";
import { pinched } from "../src/pages/map/flat";

describe("two fingers", () => {
  test("that go apart look closer, around the middle between them", () => {
    const pinch = new Pinch();
    pinch.down(1, { x: 100, y: 100 });
    expect(pinch.isOn).toBe(false);
    pinch.down(2, { x: 200, y: 110 });
    expect(pinch.isOn).toBe(true);
    pinch.move(1, { x: 50, y: 100 });
    const found = pinch.move(2, { x: 250, y: 110 });
    expect(found?.factor).toBeCloseTo(0.5, 2);
    expect(found?.to).toEqual({ x: 150, y: 105 });
    expect(found?.isBeside).toBe(true);
  });

  test("leave nothing behind: the last finger neither drags nor clicks", () => {
    const pinch = new Pinch();
    pinch.down(1, { x: 0, y: 0 });
    pinch.down(2, { x: 0, y: 90 });
    expect(pinch.up(1)).toBe(true);
    expect(pinch.move(2, { x: 9, y: 9 })).toBeNull();
    expect(pinch.isOn).toBe(true);
    expect(pinch.up(2)).toBe(true);
    expect(pinch.isOn).toBe(false);
    pinch.down(3, { x: 0, y: 0 });
    expect(pinch.up(3)).toBe(false);
  });

  test("on one place do not zoom without end, and a third is not heeded", () => {
    const pinch = new Pinch();
    pinch.down(1, { x: 10, y: 10 });
    pinch.down(2, { x: 10, y: 10 });
    pinch.down(3, { x: 500, y: 500 });
    expect(pinch.move(3, { x: 0, y: 0 })).toBeNull();
    expect(pinch.move(2, { x: 34, y: 10 })?.factor).toBe(1);
  });

  test("keep what lies between them between them on the map", () => {
    const extent = { x: 0, y: 0, width: 1000, height: 500 };
    const to = pinched(extent, { factor: 0.5, from: { x: 25, y: 25 }, to: { x: 50, y: 25 }, isBeside: true }, 100, 50);
    expect(to).toEqual({ x: 0, y: 125, width: 500, height: 250 });
  });
});
