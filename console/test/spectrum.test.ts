import { describe, expect, it } from "vitest";
import type { AlertView, BandPlanRow, PastView } from "../src/api/schema";
import { ownersOf } from "../src/pages/spectrum/bandplan";
import { lightness, TABLE, viridis } from "../src/pages/spectrum/colours";
import { differenceOf } from "../src/pages/spectrum/difference";
import { feed, type FeedState, type FeedWorld } from "../src/pages/spectrum/feed";
import { frequencies, hzAt, layoutOf, xOf } from "../src/pages/spectrum/layout";
import { codeOf, dbOf, extentOf, fitted } from "../src/pages/spectrum/levels";
import { gathered, isOwn, keep, markOf, marksFor, remember, within } from "../src/pages/spectrum/marks";
import { Panorama, rangeFor } from "../src/pages/spectrum/panorama";
import { pastOf } from "../src/pages/spectrum/past";
import { palette } from "../src/pages/spectrum/paint-plain";
import { pathTo, placeOf } from "../src/pages/spectrum/place";
import { pooled, Sheet } from "../src/pages/spectrum/sheet";
import { stripShare } from "../src/pages/spectrum/strip";
import { inside, instants, moved, zoomed } from "../src/pages/spectrum/span";
import { rowsOf, type Row } from "../src/pages/spectrum/wire";
import { alert } from "./alerts";

const makeAlert = ({ fingerprint = "f", ...more }: Partial<AlertView>) => alert(fingerprint, more);

function frame(lowHz: number, codes: number[], more: { at?: number; dropped?: number } = {}): ArrayBuffer {
  const buffer = new ArrayBuffer(32 + codes.length);
  const view = new DataView(buffer);
  view.setUint8(0, 1);
  view.setUint16(2, codes.length, true);
  view.setUint32(4, more.dropped ?? 0, true);
  view.setFloat64(8, more.at ?? 1_780_000_000, true);
  view.setFloat64(16, lowHz, true);
  view.setFloat32(24, 1000, true);
  view.setFloat32(28, 0.04, true);
  new Uint8Array(buffer, 32).set(codes);
  return buffer;
}

function row(lowHz: number, codes: number[], atS = 0): Row {
  const [one] = rowsOf(frame(lowHz, codes, { at: 1_780_000_000 + atS }));
  if (!one) throw new Error("no row");
  return one;
}

describe("rows from the wire", () => {
  it("are read one after the other with all that they say", () => {
    const [a, b] = [frame(169e6, [1, 2, 3], { dropped: 7 }), frame(170e6, [9])];
    const both = new Uint8Array(a.byteLength + b.byteLength);
    both.set(new Uint8Array(a));
    both.set(new Uint8Array(b), a.byteLength);
    const rows = rowsOf(both.buffer);
    expect(rows.map((one) => [one.lowHz, [...one.codes], one.nDropped])).toEqual([
      [169e6, [1, 2, 3], 7],
      [170e6, [9], 0],
    ]);
    expect(rows[0]?.at).toBe(1_780_000_000_000);
    expect(rows[0]?.spanS).toBeCloseTo(0.04);
  });

  it("that are cut or of another kind are no rows", () => {
    expect(rowsOf(frame(169e6, [1, 2, 3]).slice(0, 34))).toEqual([]);
    const strange = frame(169e6, [1]);
    new Uint8Array(strange)[0] = 2;
    expect(rowsOf(strange)).toEqual([]);
    expect(rowsOf(new ArrayBuffer(0))).toEqual([]);
  });
});

describe("levels", () => {
  it("are codes of half decibels, and nothing where nobody listened", () => {
    expect([dbOf(1), dbOf(255), codeOf(-100), dbOf(codeOf(-100))]).toEqual([-150, -23, 101, -100]);
    expect(dbOf(0)).toBeNaN();
    expect([codeOf(-400), codeOf(0)]).toEqual([1, 255]);
  });

  it("give a scale from under the floor to over the strongest, which stays while it fits", () => {
    const codes = new Uint8Array(1000).fill(codeOf(-120));
    codes[500] = codeOf(-50);
    codes[501] = 0;
    expect(extentOf(codes)).toEqual({ floorDb: -120, topDb: -50 });
    const scale = fitted(codes, null);
    expect(scale).toEqual({ bottomDb: -125, rangeDb: 80 });
    codes.fill(codeOf(-118));
    expect(fitted(codes, scale)).toBe(scale);
    codes.fill(codeOf(-100));
    expect(fitted(codes, scale)).toEqual({ bottomDb: -105, rangeDb: 80 });
    expect(fitted(new Uint8Array(10), scale)).toBe(scale);
  });
});

describe("colours", () => {
  it("grow lighter with every step, from dark to bright", () => {
    const light = Array.from({ length: 256 }, (_, i) => lightness(viridis(i / 255)));
    light.forEach((value, i) => i > 0 && expect(value).toBeGreaterThanOrEqual((light[i - 1] ?? 0) - 0.35));
    expect(light[0]).toBeLessThan(20);
    expect(light[255]).toBeGreaterThan(88);
    const steps = [0, 64, 128, 192].map((i) => (light[i + 63] ?? 0) - (light[i] ?? 0));
    expect(Math.max(...steps) / Math.min(...steps)).toBeLessThan(1.6);
  });

  it("are put to codes by the scale; 0 has a colour that is none of them", () => {
    const shown = { hz: { low: 0, high: 1 }, age: { low: 0, high: 1 }, unheard: [1, 2, 3] as const };
    const bytes = new Uint8Array(palette({ ...shown, scale: { bottomDb: -100, rangeDb: 50 } }).buffer);
    const of = (code: number) => [...bytes.subarray(4 * code, 4 * code + 3)];
    expect(of(0)).toEqual([1, 2, 3]);
    expect(of(codeOf(-130))).toEqual([...TABLE.subarray(0, 3)]);
    expect(of(codeOf(-50))).toEqual([...TABLE.subarray(4 * 255, 4 * 255 + 3)]);
    expect(of(codeOf(-75))).toEqual([...TABLE.subarray(4 * 128, 4 * 128 + 3)]);
  });
});

describe("looking closer", () => {
  const whole = { low: 100, high: 200 };

  it("keeps what is under the pointer where it is, and stays inside", () => {
    expect(zoomed(whole, 0.25, 0.5, whole, 1)).toEqual({ low: 112.5, high: 162.5 });
    expect(zoomed({ low: 190, high: 200 }, 1, 4, whole, 1)).toEqual({ low: 160, high: 200 });
    expect(zoomed(whole, 0.5, 0.001, whole, 10)).toEqual({ low: 145, high: 155 });
    expect(zoomed(whole, 0.5, 99, whole, 10)).toEqual(whole);
    expect(moved({ low: 110, high: 120 }, -5, whole)).toEqual({ low: 100, high: 110 });
    expect(inside({ low: 0, high: 1000 }, whole)).toEqual(whole);
  });

  it("goes from pixels to hertz and back", () => {
    const { fall } = layoutOf(800, 400, false);
    const span = { low: 168e6, high: 170e6 };
    expect(hzAt(fall, xOf(fall, 169.1e6, span), span)).toBeCloseTo(169.1e6);
    expect(xOf(fall, span.high, span)).toBe(fall.x + fall.width);
    const labels = frequencies(span, 420).map((one) => one.label);
    expect(labels).toEqual(["168.0", "168.5", "169.0", "169.5", "170.0"]);
  });

  it("names round instants of the clock on the wall", () => {
    const noon = Date.UTC(2026, 5, 7, 4, 0, 7);
    const found = instants({ low: noon, high: noon + 600_000 }, 4, 480);
    expect(found.map((one) => new Date(one.at).toISOString().slice(11, 19))).toEqual(["04:05:00", "04:10:00"]);
    const east = instants({ low: noon, high: noon + 36 * 3_600_000 }, 3, 345);
    expect(east.every((one) => (one.at / 60_000 + 345) % 720 === 0)).toBe(true);
  });

  it("leaves every part of a plot its own place", () => {
    for (const isSmall of [true, false]) {
      const { levels, axis, owners, fall } = layoutOf(500, 300, isSmall);
      expect(axis.y).toBe(levels.y + levels.height);
      expect(owners.height > 0).toBe(!isSmall);
      expect(fall.y + fall.height).toBeLessThanOrEqual(300);
      expect(fall.height).toBeGreaterThan(100);
    }
  });
});

describe("a sheet", () => {
  it("keeps the newest lines and tells their times", () => {
    const sheet = new Sheet({ low: 0, high: 4 }, 4, 3);
    for (let i = 1; i <= 5; i++) sheet.push(new Uint8Array([i, 0, 0, i * 10]), i * 1000);
    expect([0, 1, 2, 3].map((age) => sheet.codeAt(3.5, age))).toEqual([50, 40, 30, 0]);
    expect([sheet.timeAt(0), sheet.timeAt(2)]).toEqual([5000, 3000]);
    expect([sheet.ageAt(4500), sheet.ageAt(4000), sheet.ageAt(2999), sheet.ageAt(9000)]).toEqual([1, 1, null, 0]);
    expect(sheet.codeAt(-1, 0)).toBe(0);
  });

  it("shows the strongest of several bins under a pixel, and never loses one", () => {
    const line = new Uint8Array(1000).fill(10);
    line[617] = 99;
    const out = new Uint8Array(150);
    pooled(line, 0, 1000, out);
    expect([...out].filter((code) => code === 99)).toHaveLength(1);
    expect(out[Math.floor((617 / 1000) * 150)]).toBe(99);
    pooled(line, 617, 618, out);
    expect(new Set(out)).toEqual(new Set([99]));
    pooled(line, -500, 500, out);
    expect([out[0], out[149]]).toEqual([0, 10]);
  });
});

describe("the panorama", () => {
  const codes = (code: number) => new Array<number>(64).fill(code);

  it("of a receiver that stays has a line a row, the newest levels and the highest", () => {
    const first = row(0, codes(10));
    const panorama = new Panorama(rangeFor(first, [], null), first, 100, 0.04);
    for (let i = 0; i < 10; i++) panorama.take(row(0, codes(10 + i), i * 0.04));
    panorama.take(row(0, codes(12), 0.4));
    expect(panorama.sheet.nPushed).toBe(10);
    expect(panorama.sheet.codeAt(5_000, 0)).toBe(19);
    expect([panorama.latest[5], panorama.hold[5]]).toEqual([12, 19]);
    panorama.forgetHold();
    expect(panorama.hold[5]).toBe(0);
  });

  it("gathers several rows in a line when that is asked, the strongest of them", () => {
    const first = row(0, codes(10));
    const panorama = new Panorama(rangeFor(first, [], null), first, 100, 0.2);
    for (let i = 0; i < 20; i++) panorama.take(row(0, codes(i === 7 ? 90 : 10), i * 0.04));
    expect(panorama.sheet.nPushed).toBe(3);
    expect([0, 1, 2].map((age) => panorama.sheet.codeAt(5_000, age))).toEqual([10, 90, 10]);
  });

  it("leaves a line of nothing where rows failed", () => {
    const first = row(0, codes(10));
    const panorama = new Panorama(rangeFor(first, [], null), first, 100, 0.04);
    for (const at of [0, 0.04, 9, 9.04]) panorama.take(row(0, codes(10), at));
    expect([0, 1, 2, 3].map((age) => panorama.sheet.codeAt(5_000, age))).toEqual([10, 0, 10, 10]);
  });

  it("of a sweep has a line a round, and nothing where nobody listened", () => {
    const bands = [{ low: 0, high: 256_000 }];
    const first = row(0, codes(10));
    const range = rangeFor(first, bands, null);
    expect(range).toEqual(bands[0]);
    const panorama = new Panorama(range, first, 100, 0.04);
    [0, 64_000, 192_000, 0, 64_000, 192_000, 0].forEach((low, i) => {
      panorama.take(row(low, codes(20 + i), i * 0.1));
      panorama.take(row(low, codes(20 + i), i * 0.1 + 0.04));
    });
    expect(panorama.sheet.nPushed).toBe(2);
    const at = (hz: number) => panorama.sheet.codeAt(hz, 0);
    expect([at(30_000), at(100_000), at(150_000), at(230_000)]).toEqual([23, 24, 0, 25]);
    expect(rangeFor(first, bands, { low: -5, high: 100_000 })).toEqual({ low: 0, high: 100_000 });
    expect(rangeFor(row(900_000, codes(1)), bands, null)).toEqual({ low: 900_000, high: 964_000 });
  });
});

describe("the past", () => {
  it("lies on a sheet with its oldest row at the bottom", () => {
    const view: PastView = {
      start: "2026-06-07T01:00:00Z",
      step_s: 2,
      low_hz: 100,
      bin_hz: 10,
      n_rows: 3,
      n_bins: 2,
      code_1_db: -150,
      step_db: 0.5,
      mean: btoa(String.fromCharCode(1, 2, 3, 4, 5, 6)),
      max: btoa(String.fromCharCode(11, 12, 13, 14, 15, 16)),
    };
    const { sheet, time, stepMs } = pastOf(view, "max");
    expect(time.high - time.low).toBe(6000);
    expect(stepMs).toBe(2000);
    expect([sheet.codeAt(105, 0), sheet.codeAt(115, 2)]).toEqual([15, 12]);
    expect(sheet.timeAt(0)).toBe(Date.parse("2026-06-07T01:00:04Z"));
    expect(pastOf(view, "mean").sheet.codeAt(105, 2)).toBe(1);
  });
});

describe("owners of bands", () => {
  const plan = (low: number, high: number, service: string, more: Partial<BandPlanRow> = {}): BandPlanRow => ({
    low_hz: low,
    high_hz: high,
    service,
    service_en: service,
    service_zh: service,
    weight: 0.5,
    narrower_than_hz: null,
    longer_than_s: null,
    usual_width_hz: null,
    usual_modulation: [],
    decoding: true,
    ...more,
  });

  it("are those of the first row that fits a narrow emission of some seconds", () => {
    const rows = [
      plan(20, 30, "exception"),
      plan(10, 50, "narrow", { narrower_than_hz: 200_000 }),
      plan(10, 50, "wide"),
      plan(50, 60, "meters", { longer_than_s: 1 }),
      plan(60, 70, "pedant", { narrower_than_hz: 1000 }),
    ];
    const found = ownersOf(rows, { low: 0, high: 80 }).map((one) => [one.low, one.high, one.row.service]);
    expect(found).toEqual([
      [10, 20, "narrow"],
      [20, 30, "exception"],
      [30, 50, "narrow"],
      [50, 60, "meters"],
    ]);
  });
});

describe("marks", () => {
  const at = (time: string) => Date.parse(`2026-06-07T${time}Z`);
  const heard = (more: Record<string, unknown>, over: Partial<AlertView> = {}) =>
    makeAlert({
      kind: "radio",
      venue: "no1",
      event: { center_hz: 169e6, bandwidth_hz: 12_000, at: "2026-06-07T01:32:10Z", duration_s: 4, sensor: "roof", ...more },
      ...over,
    });

  it("lie where and when an emission was heard", () => {
    const mark = markOf(heard({}), []);
    expect(mark?.hz).toEqual({ low: 169e6 - 6000, high: 169e6 + 6000 });
    expect(mark?.heard).toEqual([{ sensor: "roof", time: { low: at("01:32:06"), high: at("01:32:10") } }]);
    expect(markOf(heard({ bandwidth_hz: null }), [])?.hz).toEqual({ low: 169e6 - 3125, high: 169e6 + 3125 });
    expect(markOf(heard({ center_hz: null }), [])).toBeNull();
    expect(markOf(makeAlert({ kind: "web" }), [])).toBeNull();
  });

  it("gather each burst once, as long as it was last told", () => {
    const burst = (from: string, to: string, sensor = "roof") => ({ sensor, time: { low: at(from), high: at(to) } });
    const first = gathered([], [burst("01:20:00", "01:20:01"), burst("01:10:00", "01:10:04")]);
    const all = gathered(first, [burst("01:20:00", "01:20:04"), burst("01:20:00", "01:20:02"), burst("01:20:00", "01:20:04", "gate")]);
    expect(all).toEqual([burst("01:10:00", "01:10:04"), burst("01:20:00", "01:20:04"), burst("01:20:00", "01:20:04", "gate")]);
    const many = Array.from({ length: 99 }, (_, i) => ({ sensor: "s", time: { low: i * 1e4, high: i * 1e4 + 1 } }));
    expect(gathered([], many)).toHaveLength(60);
  });

  it("are the sensor's own and its venue's, the gravest on top", () => {
    const own = heard({}, { fingerprint: "a", level: "critical" });
    const beside = heard({ sensor: "gate" }, { fingerprint: "b", level: "low" });
    const elsewhere = heard({ sensor: "gate" }, { fingerprint: "c", venue: "no2" });
    const before = { sensor: "gate", time: { low: at("01:20:00"), high: at("01:20:04") } };
    const doubled = { sensor: "gate", time: { low: at("01:32:07"), high: at("01:32:11") } };
    const known = new Map([["a", [before, doubled]]]);
    const found = marksFor([own, elsewhere, beside], known, "roof", "no1");
    expect(found.map((one) => [one.fingerprint, isOwn(one, "roof")])).toEqual([
      ["b", false],
      ["a", true],
    ]);
    expect(found[1]?.heard.map((one) => one.sensor)).toEqual(["gate", "roof"]);
    expect(within(found, { low: 168e6, high: 168.9e6 }, null)).toEqual([]);
    const early = { low: at("01:19:00"), high: at("01:21:00") };
    expect(within(found, { low: 168e6, high: 170e6 }, early).map((one) => one.fingerprint)).toEqual(["a"]);
    expect(within(found, { low: 168e6, high: 170e6 }, { low: 0, high: 1 })).toEqual([]);
  });

  it("are remembered for alerts that are kept, and for no others", () => {
    const kept = keep(new Map(), heard({}, { fingerprint: "a" }));
    const event = heard({}).event;
    const known = remember(new Map([["gone", []]]), kept, "a", [event, { kind: "radio" }]);
    expect([...known.keys()]).toEqual(["a"]);
    expect(known.get("a")).toHaveLength(1);
    expect(remember(known, kept, "other", [event])).toEqual(known);
  });

  it("are not kept without end", () => {
    const many = Array.from({ length: 230 }, (_, i) =>
      heard({}, { fingerprint: `f${i}`, updated_at: new Date(1_780_000_000_000 + i * 1000).toISOString() }),
    );
    const kept = keep(new Map(), ...many, makeAlert({ kind: "web", fingerprint: "w" }));
    expect(kept.size).toBe(200);
    expect(kept.has("f229") && !kept.has("f0") && !kept.has("w")).toBe(true);
  });
});

describe("measures", () => {
  it("say how far B lies from A", () => {
    const a = { hz: 169e6, db: -80, at: 10_000 };
    expect(differenceOf(a, { hz: 169.0125e6, db: -92.5, at: 4_000 })).toEqual({ hz: "+12.5 kHz", db: "−12.5 dB", time: "−6.00 s" });
    expect(differenceOf(a, { hz: 168.9999e6, db: NaN, at: null })).toEqual({ hz: "−100 Hz", db: "–", time: "–" });
  });
});

describe("the address", () => {
  it("holds what is looked at and how", () => {
    const place = {
      hz: { low: 168e6, high: 169e6 },
      time: { low: Date.UTC(2026, 5, 7, 1), high: Date.UTC(2026, 5, 7, 2) },
      scale: { bottomDb: -120, rangeDb: 60 },
      holding: true,
      comparing: true,
    };
    const path = pathTo("楼顶-1", place);
    expect(placeOf(new URL(path, "http://h").searchParams)).toEqual(place);
    expect(pathTo("roof", { hz: null, time: null, scale: null, holding: false, comparing: false })).toBe("/spectrum/roof");
  });

  it("with nonsense in it means the usual", () => {
    const asked = new URLSearchParams("low=x&high=1&from=never&to=&bottom=-100&range=900");
    expect(placeOf(asked)).toEqual({ hz: null, time: null, scale: null, holding: false, comparing: false });
  });
});

describe("the strip of all that can be tuned", () => {
  it("gives octaves the same width", () => {
    expect([stripShare(24e6), stripShare(1766e6)]).toEqual([0, 1]);
    expect(stripShare(96e6) - stripShare(48e6)).toBeCloseTo(stripShare(800e6) - stripShare(400e6));
    expect(stripShare(1e3)).toBe(0);
  });
});

describe("the feed", () => {
  class Socket {
    binaryType = "";
    isClosed = false;
    onopen: (() => void) | null = null;
    onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
    onclose: ((event?: CloseEvent) => void) | null = null;
    close(): void {
      this.isClosed = true;
      this.onclose?.();
    }
  }

  function world() {
    const sockets: Socket[] = [];
    const timers = new Map<number, { run: () => void; ms: number }>();
    let [n, hidden] = [0, false];
    let turned = () => undefined as void;
    const made: FeedWorld = {
      open: () => {
        sockets.push(new Socket());
        return sockets.at(-1) as unknown as WebSocket;
      },
      later: (run, ms) => {
        timers.set(++n, { run, ms });
        return n;
      },
      cancel: (timer) => void timers.delete(timer),
      isHidden: () => hidden,
      onVisibility: (run) => {
        turned = run;
        return () => undefined;
      },
    };
    const pass = () => {
      const [key, timer] = [...timers].at(-1) ?? [];
      if (key === undefined || !timer) return 0;
      timers.delete(key);
      timer.run();
      return timer.ms;
    };
    const turn = (to: boolean) => {
      hidden = to;
      turned();
    };
    return { made, sockets, pass, turn, timers };
  }

  it("hands rows on and opens again, each time later, when it breaks off", () => {
    const { made, sockets, pass } = world();
    const rows: Row[] = [];
    const states: FeedState[] = [];
    const end = feed("roof", (one) => rows.push(one), (state) => states.push(state), made);
    sockets[0]?.onopen?.();
    sockets[0]?.onmessage?.({ data: frame(169e6, [5]) });
    expect(rows.map((one) => one.lowHz)).toEqual([169e6]);
    sockets[0]?.onclose?.();
    expect(states).toEqual(["opening", "live", "lost"]);
    expect([pass(), sockets.length]).toEqual([1000, 2]);
    sockets[1]?.onclose?.();
    expect(pass()).toBe(2000);
    sockets[2]?.onopen?.();
    expect(pass()).toBe(3000);
    expect(states.at(-1)).toBe("waiting");
    end();
    expect(sockets[2]?.isClosed).toBe(true);
    sockets[0]?.onmessage?.({ data: frame(1, [5]) });
    expect(rows).toHaveLength(1);
  });

  it("says that the sensor's edge is cut off where the server says so, and asks again", () => {
    const { made, sockets, pass } = world();
    const states: FeedState[] = [];
    feed("no1:roof", () => undefined, (state) => states.push(state), made);
    sockets[0]?.onclose?.({ code: 4503 } as CloseEvent);
    expect(states).toEqual(["opening", "cutOff"]);
    expect([pass(), sockets.length]).toEqual([1000, 2]);
  });

  it("costs nothing while nobody can see the page", () => {
    const { made, sockets, turn, timers } = world();
    feed("roof", () => undefined, () => undefined, made);
    turn(true);
    expect(sockets.map((one) => one.isClosed)).toEqual([true]);
    expect(timers.size).toBe(0);
    turn(false);
    expect(sockets).toHaveLength(2);
  });
});
