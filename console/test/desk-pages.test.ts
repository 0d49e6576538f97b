import { beforeAll, describe, expect, it, vi } from "vitest";
import type { AlertView, SensorHealth } from "../src/api/schema";
import { bodyOf, EMPTY } from "../src/pages/sources/selectors";
import { asked, detailsOf, namesOf } from "../src/pages/system/audit";
import { bars, HEIGHT, hours, sumOf, topOf, WIDTH } from "../src/pages/topics/plot";
import { heardShare, troubles } from "../src/pages/wall/figures";
import { bytes } from "../src/text/bytes";

describe("selectors that are sent", () => {
  it("leave out what is empty, and threads whose element is not named", () => {
    const body = bodyOf({ ...EMPTY, url: " http://a/ ", post: { post: "div", author: " " }, listing: { link: "a@href" } });
    expect(body).toEqual({ url: "http://a/", source: null, stored: false, post: { post: "div" }, listing: {} });
  });
});

describe("the audit", () => {
  it("takes its filters from the address", () => {
    expect(asked(new URLSearchParams("actor=wang&action=case."))).toEqual({ actor: "wang", action: "case.", subject: "" });
  });

  it("shortens digests and long lists, and says nothing of nothing", () => {
    const text = detailsOf({ digest: `sha256:${"ab".repeat(32)}`, n: 3, none: null, empty: "", list: ["x".repeat(400)] });
    expect(text).toMatch(/^digest: sha256:abababab…, n: 3, list: /);
    expect(text.length).toBeLessThan(260);
  });

  it("reads names with commas of either language", () => {
    expect(namesOf("实验中学，no1, no1、 ")).toEqual(["实验中学", "no1"]);
    expect(namesOf(" ")).toBeNull();
  });
});

describe("a topic's day", () => {
  it("has a bar for every count that is not zero, none higher than the box", () => {
    const found = bars([0, 1, 4, 2], 4);
    expect(found.map((bar) => [bar.x, bar.height])).toEqual([
      [WIDTH / 4, HEIGHT / 4],
      [WIDTH / 2, HEIGHT],
      [(3 * WIDTH) / 4, HEIGHT / 2],
    ]);
    expect([topOf([]), sumOf([1, 2])]).toEqual([0, 3]);
  });

  it("is marked at whole hours", () => {
    const begins = new Date(2026, 5, 7, 23, 15).getTime();
    expect(hours(begins, 900, 96, 6).map((mark) => mark.hour)).toEqual([0, 6, 12, 18]);
  });
});

describe("the wall", () => {
  const sensor = (state: SensorHealth["state"], ...bands: [number, number, number | null][]): SensorHealth => ({
    id: state,
    state,
    venue: null,
    last_seen_at: null,
    error: null,
    n_emissions: 0,
    n_dropped: 0,
    n_samples_lost: 0,
    bands: bands.map(([low_hz, high_hz, intercept_1s]) => ({
      low_hz,
      high_hz,
      revisit_s: null,
      intercept_100ms: null,
      intercept_1s,
      intercept_5s: null,
    })),
    unwatched: [],
    notes: [],
    stare: null,
  });

  it("weighs what is heard by the width of its band, and counts a silent sensor as deaf", () => {
    expect(heardShare([sensor("ok", [0, 30, 1], [30, 40, 0.2])])).toBeCloseTo(0.8);
    expect(heardShare([sensor("ok", [0, 30, 1]), sensor("silent", [0, 30, 1])])).toBeCloseTo(0.5);
    expect(heardShare([sensor("ok", [0, 30, null])])).toBeNull();
  });

  it("names the failed before the silent, and no others", () => {
    const found = troubles([sensor("silent"), sensor("ok"), sensor("failed"), sensor("starting")]);
    expect(found.map((one) => one.state)).toEqual(["failed", "silent"]);
  });
});

it.each([
  [0, "0 B"],
  [999, "999 B"],
  [38_200_000_000, "38.2 GB"],
  [500_000_000_000, "500 GB"],
  [999_960_000, "1.0 GB"],
])("%d bytes read as %s", (n, text) => {
  expect(bytes(n)).toBe(text);
});

describe("the tone", () => {
  let isWorth: typeof import("../src/state/sound").isWorth;
  const AT = Date.parse("2026-06-07T01:00:00Z");
  const alert = (change: Partial<AlertView>) =>
    ({ fingerprint: "a", level: "critical", firing: true, updated_at: "2026-06-07T00:59:30Z", ...change }) as AlertView;

  beforeAll(async () => {
    vi.stubGlobal("location", { href: "http://x/", search: "", pathname: "/" });
    vi.stubGlobal("addEventListener", () => undefined);
    vi.stubGlobal("history", { replaceState: () => undefined });
    vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });
    vi.stubGlobal("navigator", { languages: ["en"] });
    vi.stubGlobal("document", { documentElement: { dataset: {} } });
    ({ isWorth } = await import("../src/state/sound"));
  });

  it.each([
    ["a grave one that is fresh", {}, [], true],
    ["one that has sounded", {}, ["a"], false],
    ["one of another level", { level: "high" }, [], false],
    ["one that has ended", { firing: false }, [], false],
    ["an old one, told again after an outage", { updated_at: "2026-06-07T00:40:00Z" }, [], false],
  ] as [string, Partial<AlertView>, string[], boolean][])("%s", (_, change, known, worth) => {
    expect(isWorth(alert(change), AT, new Set(known))).toBe(worth);
  });
});

describe("words of the pages", () => {
  it("are there in both languages, with none empty", async () => {
    const { language } = await import("../src/i18n");
    const pages = import.meta.glob<Record<string, { value: object }>>("../src/pages/*/words.ts");
    expect(Object.keys(pages).length).toBeGreaterThan(4);
    for (const [file, load] of Object.entries(pages)) {
      const [words] = Object.values(await load()).filter((one) => typeof one.value === "object");
      if (!words) throw new Error(`${file} exports no dictionary`);
      const told: Record<string, string[]> = {};
      for (const lang of ["en", "zh"] as const) {
        language.value = lang;
        told[lang] = leaves(words.value as Record<string, unknown>);
      }
      expect(told["zh"], file).toEqual(told["en"]);
    }
  });
});

function leaves(tree: Record<string, unknown>, path = ""): string[] {
  return Object.entries(tree).flatMap(([name, value]) => {
    const here = `${path}.${name}`;
    if (typeof value === "string") expect(value.trim(), here).not.toBe("");
    return typeof value === "object" && value !== null ? leaves(value as Record<string, unknown>, here) : [`${here} ${typeof value}`];
  });
}
