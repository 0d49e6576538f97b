import { describe, expect, it } from "vitest";
import {
  fit,
  fitScale,
  matrixOf,
  MOST_SCALE,
  onStage,
  overlaps,
  pairs,
  panBy,
  settle,
  showBox,
  turnedSize,
  zoomAt,
  type Size,
} from "../src/ui/photos/geometry";
import { cut } from "../src/text/spans";

const stage: Size = { width: 600, height: 400 };
const photo: Size = { width: 1573, height: 1706 };

/** Deterministic numbers from 0 to 1: the same run every time. */
function chances(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

describe("where a photo's points lie", () => {
  it("shows the whole photo in the middle, whichever way it is turned", () => {
    for (const quarters of [0, 1, 2, 3]) {
      const view = fit(photo, quarters, stage);
      const corners = [
        [0, 0],
        [photo.width, 0],
        [photo.width, photo.height],
        [0, photo.height],
      ].map(([x, y]) => onStage(matrixOf(photo, view), x ?? 0, y ?? 0));
      const [xs, ys] = [corners.map((c) => c.x), corners.map((c) => c.y)];
      expect(Math.min(...xs)).toBeGreaterThanOrEqual(-1e-6);
      expect(Math.max(...xs)).toBeLessThanOrEqual(stage.width + 1e-6);
      expect(Math.min(...ys)).toBeGreaterThanOrEqual(-1e-6);
      expect(Math.max(...ys)).toBeLessThanOrEqual(stage.height + 1e-6);
      expect(Math.min(...xs) + Math.max(...xs)).toBeCloseTo(stage.width);
      expect(Math.min(...ys) + Math.max(...ys)).toBeCloseTo(stage.height);
    }
  });

  it("turns counter-clockwise: a quarter brings the upper right corner to the upper left", () => {
    const view = fit(photo, 1, stage);
    const at = onStage(matrixOf(photo, view), photo.width, 0);
    expect(at.x).toBeCloseTo(view.x);
    expect(at.y).toBeCloseTo(view.y);
    expect(turnedSize(photo, 1)).toEqual({ width: 1706, height: 1573 });
  });

  it("reads a line that runs up the photo from left to right after three quarters", () => {
    // As on the sideways paper: from its foot to its head.
    const m = matrixOf(photo, fit(photo, 3, stage));
    const [start, end] = [onStage(m, 300, 1500), onStage(m, 300, 500)];
    expect(end.x).toBeGreaterThan(start.x);
    expect(end.y).toBeCloseTo(start.y);
  });

  it("keeps what is under the pointer there while it grows, and never loses the photo", () => {
    const chance = chances(7);
    for (let run = 0; run < 300; run += 1) {
      const quarters = Math.floor(chance() * 4);
      const size = { width: 50 + chance() * 5000, height: 50 + chance() * 5000 };
      let view = fit(size, quarters, stage);
      for (let step = 0; step < 12; step += 1) {
        view =
          chance() < 0.5
            ? zoomAt(size, stage, view, 0.4 + chance() * 2.5, chance() * stage.width, chance() * stage.height)
            : panBy(size, stage, view, (chance() - 0.5) * 900, (chance() - 0.5) * 900);
        const turned = turnedSize(size, quarters);
        const [width, height] = [turned.width * view.scale, turned.height * view.scale];
        expect(view.scale).toBeGreaterThanOrEqual(fitScale(size, quarters, stage) - 1e-9);
        expect(view.scale).toBeLessThanOrEqual(Math.max(MOST_SCALE, fitScale(size, quarters, stage)) + 1e-9);
        // Its edges never leave a gap where it is larger than the stage, nor does it leave where it is smaller.
        expect(Math.min(view.x, stage.width - width - view.x)).toBeLessThanOrEqual(Math.max(0, (stage.width - width) / 2) + 1e-6);
        expect(view.x + width).toBeGreaterThanOrEqual(Math.min(stage.width, width) - 1e-6);
        expect(view.y).toBeLessThanOrEqual(Math.max(0, (stage.height - height) / 2) + 1e-6);
        expect(settle(size, stage, view)).toEqual(view);
      }
    }
  });

  it("holds the point under the pointer where nothing has to be moved to stay within bounds", () => {
    const view = zoomAt(photo, stage, fit(photo, 0, stage), 6, 300, 200);
    const [a] = matrixOf(photo, view);
    const under = { x: (320 - view.x) / a, y: (190 - view.y) / a };
    const larger = zoomAt(photo, stage, view, 1.3, 320, 190);
    const at = onStage(matrixOf(photo, larger), under.x, under.y);
    expect(at.x).toBeCloseTo(320);
    expect(at.y).toBeCloseTo(190);
  });

  it("brings a line into sight and enlarges it, never beyond three times the whole", () => {
    const corners = [700, 600, 760, 600, 760, 640, 700, 640];
    const view = showBox(photo, stage, fit(photo, 0, stage), corners);
    expect(view.scale / fitScale(photo, 0, stage)).toBeCloseTo(3);
    for (const [x, y] of pairs(corners)) {
      const at = onStage(matrixOf(photo, view), x, y);
      expect(at.x).toBeGreaterThan(0);
      expect(at.x).toBeLessThan(stage.width);
      expect(at.y).toBeGreaterThan(0);
      expect(at.y).toBeLessThan(stage.height);
    }
    expect(showBox(photo, stage, view, [])).toEqual(view);
  });
});

describe("lines in the text", () => {
  it("share something or touch only", () => {
    expect(overlaps({ start: 0, end: 3 }, { start: 2, end: 5 })).toBe(true);
    expect(overlaps({ start: 0, end: 3 }, { start: 3, end: 5 })).toBe(false);
  });

  it("cut the text at their edges too, and lose nothing of it", () => {
    const pieces = cut("𠮷ab\ncd", [{ start: 1, end: 5, reason: 2 }], [0, 3, 4, 6]);
    expect(pieces.map((piece) => piece.text)).toEqual(["𠮷", "ab", "\n", "c", "d"]);
    expect(pieces.map((piece) => piece.reasons)).toEqual([[], [2], [2], [2], []]);
  });
});
