import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const css = readFileSync(fileURLToPath(new URL("../src/style/tokens.css", import.meta.url)), "utf8");

function tokens(theme: "dark" | "light"): Record<string, string> {
  const block = new RegExp(`data-theme="${theme}"\\] \\{([^}]*)\\}`).exec(css)?.[1] ?? "";
  return Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]));
}

/** Relative luminance, WCAG 2.2. */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

const GROUNDS = ["ground", "panel", "raised", "hover", "chosen"];
const TEXTS = ["text", "bright", "dim", "accent", "radio", "web", "bad"];
const PAIRS: [string, string][] = [
  ...GROUNDS.flatMap((ground): [string, string][] => TEXTS.map((text) => [text, ground])),
  ["level-1-on", "level-1-ground"],
  ["level-2-on", "level-2"],
  ["level-3", "panel"],
  ["level-4", "panel"],
  ["level-3", "chosen"],
  ["level-4", "chosen"],
  ["mark-text", "mark"],
  ["mark-text", "mark-strong"],
];

describe.each(["dark", "light"] as const)("in the %s theme", (theme) => {
  const known = tokens(theme);

  test.each(PAIRS)("%s on %s can be read (WCAG AA, 4.5:1)", (text, ground) => {
    expect(contrast(known[text] ?? "", known[ground] ?? "")).toBeGreaterThanOrEqual(4.5);
  });
});
