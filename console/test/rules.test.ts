import { describe, expect, it } from "vitest";
import { indexOf, scaleOf, steps } from "../src/pages/rules/curve";
import { complete } from "../src/pages/rules/complete";
import { instantOf, localOf, matchersOf } from "../src/pages/rules/silence";
import { faultsOf, nextIndent, plain, withLimit } from "../src/pages/rules/text";
import { piecesOf, placeAt } from "../src/pages/rules/yaml";
import { schema } from "./rule-schema";

/** A text without the mark of the caret, and where that stood. */
function caret(marked: string): [string, number] {
  const at = marked.indexOf("¦");
  return [marked.replace("¦", ""), at];
}

const labels = (marked: string) => complete(schema, ...caret(marked))?.options.map((one) => one.label) ?? [];

describe("where the caret stands", () => {
  it.each([
    ["id: a\nki¦", [], null, "ki", ["id"]],
    ["kind: ra¦", [], "kind", "ra", []],
    ["selections:\n  loud:\n    snr¦\n    new: true", ["selections", "loud"], null, "snr", ["new"]],
    ["selections:\n  loud: {new: true, snr¦", ["selections", "loud"], null, "snr", ["new"]],
    ["selections:\n  loud: {phase: i¦", ["selections", "loud"], "phase", "i", []],
    ["selections:\n  loud: {flags: [over¦", ["selections", "loud"], "flags", "over", []],
    ["samples:\n  fires:\n    - note: a\n      event: {mod¦", ["samples", "fires", "event"], null, "mod", []],
    ["samples:\n  fires: [{event: {mod¦", ["samples", "fires", "event"], null, "mod", []],
    ["tags: [a]\n\n# a note\nle¦", [], null, "le", ["tags"]],
  ])("%s", (marked, path, key, typed, taken) => {
    expect(placeAt(...caret(marked))).toEqual({ path, key, typed, taken });
  });

  it("is nowhere in a comment", () => {
    expect(placeAt(...caret("id: a # kin¦"))).toBeNull();
  });
});

describe("what may stand there", () => {
  it("offers keys that the rule has not yet", () => {
    expect(labels("id: a\n¦")).toContain("kind");
    expect(labels("id: a\n¦")).not.toContain("id");
  });

  it("offers the tests of the rule's own kind", () => {
    expect(labels("kind: radio\nselections:\n  a: {snr_db|g¦")).toEqual(["snr_db|gt", "snr_db|gte"]);
    expect(labels("kind: web\nselections:\n  a: {snr_db|g¦")).toEqual([]);
    expect(labels("kind: web\nselections:\n  a:\n    - text|con¦")).toContain("text|contains");
  });

  it("offers values where they are known", () => {
    expect(labels("kind: r¦")).toEqual(["radio", "correlation"]);
    expect(labels("kind: radio\nselections:\n  a: {modulation: fsk¦")).toEqual(["fsk2", "fsk4"]);
    expect(labels("kind: radio\nselections:\n  a: {new: ¦")).toEqual(["true", "false"]);
    expect(labels("kind: web\ncategory: se¦")).toContain("sell");
    expect(labels("kind: radio\nselections:\n  a:\n    flags: [over¦")).toEqual(["overload"]);
  });

  it("says what a field is", () => {
    const found = complete(schema, ...caret("kind: radio\nselections:\n  a: {snr_db|gte¦"));
    expect(found).toBeNull();
    const near = complete(schema, ...caret("kind: radio\nselections:\n  a: {snr_db|gt¦"));
    expect(near?.options[0]?.label).toBe("snr_db|gte");
    expect(near?.options[0]?.about).toMatch(/dB/);
  });
});

describe("a line in pieces", () => {
  it.each(["id: a # why", "  - note: 'a # b'", "", "    snr_db|gte: 20", "# all of it", '"quoted": {a: b}'])("%s", (line) => {
    expect(piecesOf(line).map((piece) => piece.text).join("")).toBe(line);
  });

  it("knows keys from comments", () => {
    expect(piecesOf("  id: a # why").map((piece) => piece.kind)).toEqual(["plain", "key", "plain", "comment"]);
    expect(piecesOf("a: 'x # y'").map((piece) => piece.kind)).toEqual(["key", "plain"]);
  });
});

describe("a threshold in the text", () => {
  it.each([
    ["  loud: {snr_db|gte: 15}", "  loud: {snr_db|gte: 24}"],
    ["    snr_db|gte: 15 # measured", "    snr_db|gte: 24 # measured"],
    ['  loud: {"snr_db|gte": 15, new: true}', '  loud: {"snr_db|gte": 24, new: true}'],
  ])("%s", (before, after) => {
    expect(withLimit(`a\n${before}\nb`, 2, "snr_db", "gte", 24)).toBe(`a\n${after}\nb`);
  });

  it("is left alone where it does not stand", () => {
    expect(withLimit("a: 1", 1, "snr_db", "gte", 24)).toBeNull();
    expect(withLimit("a: 1", 9, "snr_db", "gte", 24)).toBeNull();
  });

  it("is written without the rests of binary fractions", () => {
    expect([plain(0.1 + 0.2), plain(433.92e6), plain(-3)]).toEqual(["0.3", "433920000", "-3"]);
  });
});

it("faults keep their line, with a file before it or not", () => {
  expect(faultsOf(["3: no such key", "/a/b.yml:12: twice: here", "whole"])).toEqual([
    { line: 3, message: "no such key" },
    { line: 12, message: "twice: here" },
    { line: 1, message: "whole" },
  ]);
});

it.each([
  ["selections:", "  "],
  ["  loud:", "    "],
  ["    - note: a", "      "],
  ["id: a", ""],
])("the line after %j begins with %j", (line, indent) => {
  expect(nextIndent(line)).toBe(indent);
});

describe("a curve", () => {
  const point = (threshold: number, perDay: number) => ({
    threshold,
    n_alerts: perDay,
    alerts_per_day: perDay,
    recall: null,
    n_false: 0,
  });
  const points = [point(10, 4), point(20, 2), point(30, 0)];

  it("runs in steps from its loosest to its tightest value", () => {
    expect(steps(points, scaleOf(points))).toBe("M0 0V60H210V120H420");
  });

  it("has a point for every threshold", () => {
    expect([5, 14, 16, 99].map((threshold) => indexOf(points, threshold))).toEqual([0, 0, 1, 2]);
  });

  it("is no curve of one point, and still has a place", () => {
    expect(scaleOf([point(5, 0)]).x(5)).toBeGreaterThan(0);
  });
});

describe("a silence as it is typed", () => {
  it("has a matcher a line", () => {
    expect(matchersOf(" venue=no1 \n\n level=low")).toEqual(["venue=no1", "level=low"]);
  });

  it("ends at an instant that comes back as it was typed", () => {
    const typed = localOf(Date.UTC(2026, 5, 7, 1, 2));
    expect(typed).toMatch(/^2026-06-\d\dT\d\d:02$/);
    expect(instantOf(typed)).toBe("2026-06-07T01:02:00.000Z");
    expect(instantOf("")).toBeNull();
  });
});
