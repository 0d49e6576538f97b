import { describe, expect, it } from "vitest";
import type { SessionClock } from "../src/api/schema";
import { clockOf } from "../src/pages/map/clock";
import { extentOf, flatAt, gridLines, lengthOf, middleOf, planMatrix, roundBelow, shapesOf, zoomedAt } from "../src/pages/map/flat";

const origin = { lat: 30.59, lon: 114.3 };
const flat = flatAt(origin);

describe("the flat map", () => {
  it("has metres eastwards and southwards", () => {
    const [x, y] = flat.at({ lat: 30.59 + 1 / 111.195, lon: 114.3 });
    expect([x, Math.round(y / 10) * 10]).toEqual([0, -1000]);
    const [east] = flat.at({ lat: 30.59, lon: 114.31 });
    expect(east).toBeCloseTo(111_195 * 0.01 * Math.cos((30.59 * Math.PI) / 180), -1);
    expect(middleOf([origin, { lat: 30.61, lon: 114.32 }])).toEqual({ lat: 30.6, lon: 114.31 });
  });

  it("shows all places with room around, however they lie, and never less than a street", () => {
    const wide = extentOf([[0, 0], [1000, 10]], 300, 2);
    expect(wide.width).toBeGreaterThanOrEqual(1300);
    expect(wide.width / wide.height).toBeCloseTo(2);
    expect(wide.x).toBeLessThan(0);
    expect(wide.x + wide.width).toBeGreaterThan(1000);
    expect(extentOf([[5, 5]], 300, 1)).toEqual({ x: -145, y: -145, width: 300, height: 300 });
  });

  it("keeps what is under the pointer when it comes closer", () => {
    const before = { x: 0, y: 0, width: 800, height: 400 };
    const after = zoomedAt(before, 0.25, 0.5, 0.5);
    expect(after.x + 0.25 * after.width).toBeCloseTo(200);
    expect(after.y + 0.5 * after.height).toBeCloseTo(200);
    expect(zoomedAt(before, 0, 0, 1e-9).height).toBe(40);
  });

  it("has a grid and a scale of round lengths", () => {
    expect([roundBelow(180), roundBelow(99), roundBelow(2000), roundBelow(0.7)]).toEqual([100, 50, 2000, 0.5]);
    expect([lengthOf(500), lengthOf(2000)]).toEqual(["500 m", "2 km"]);
    expect(gridLines(-120, 210, 100)).toEqual([-100, 0, 100, 200]);
  });

  it("draws lines and areas, holes included, and nothing of other kinds", () => {
    const ring = [[114.3, 30.59], [114.301, 30.59], [114.301, 30.591], [114.3, 30.59]];
    const shapes = shapesOf(
      {
        features: [
          { geometry: { type: "Polygon", coordinates: [ring, ring] }, properties: { name: "Hall" } },
          { geometry: { type: "MultiPolygon", coordinates: [[ring], [ring]] }, properties: {} },
          { geometry: { type: "LineString", coordinates: ring }, properties: {} },
          { geometry: { type: "Point", coordinates: [114.3, 30.59] }, properties: {} },
        ],
      },
      flat,
    );
    expect(shapes.map((one) => [one.isArea, one.path.split("Z").length - 1, one.name.en])).toEqual([
      [true, 2, "Hall"],
      [true, 2, ""],
      [false, 0, ""],
    ]);
    expect(shapes[0]?.path.startsWith("M0.0 0.0L")).toBe(true);
  });

  it("lays a plan between its corners, turned where three are given", () => {
    const of = (matrix: string | null) => (matrix ?? "").replace(/matrix\(|\)/g, "").split(" ").map(Number);
    const [a, b, c, d, e, f] = of(planMatrix([[30.6, 114.3], [30.58, 114.31]], flat));
    expect([b, c]).toEqual([0, 0]);
    expect(a).toBeGreaterThan(900);
    expect(d).toBeCloseTo(2223.9, 0);
    expect([e, Math.round(f ?? 0)]).toEqual([0, -1112]);
    const turned = of(planMatrix([[30.59, 114.3], [30.6, 114.3], [30.59, 114.31]], flat));
    expect(turned[0]).toBeCloseTo(0);
    expect(turned[1]).toBeLessThan(-1000);
    expect(planMatrix([[30, 114]], flat)).toBeNull();
  });
});

describe("the clock of a venue", () => {
  const at = (hour: number) => new Date(Date.UTC(2026, 5, 7, hour)).toISOString();
  const session = (start: number, end: number, venues = ["no1"]): SessionClock => ({
    exam: "e",
    session: `s${start}`,
    starts_at: at(start),
    ends_at: at(end),
    phase: "none",
    exam_en: "",
    exam_zh: "",
    session_en: "",
    session_zh: "",
    venues,
  });
  const hour = 3_600_000;

  it("says before, in and after, of the venue's own sessions", () => {
    const sessions = [session(1, 3), session(7, 9), session(1, 9, ["no2"])];
    const of = (h: number) => clockOf(sessions, "no1", Date.UTC(2026, 5, 7, h));
    expect([of(0)?.phase, of(0)?.leftMs]).toEqual(["before", hour]);
    expect([of(2)?.phase, of(2)?.sinceMs, of(2)?.leftMs]).toEqual(["in", hour, hour]);
    expect([of(4)?.phase, of(4)?.session.session]).toEqual(["before", "s7"]);
    expect([of(10)?.phase, of(10)?.sinceMs]).toEqual(["after", hour]);
    expect(of(50)).toBeNull();
    expect(clockOf(sessions, "no3", Date.UTC(2026, 5, 7, 2))).toBeNull();
  });
});
