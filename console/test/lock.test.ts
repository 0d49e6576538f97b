import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

interface Locked {
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const text = readFileSync(fileURLToPath(new URL("../package-lock.json", import.meta.url)), "utf8");
const packages = (JSON.parse(text) as { packages: Record<string, Locked> }).packages;

test("the lock names no registry, so that every mirror serves", () => {
  expect(text).not.toContain('"resolved"');
});

test("the lock holds every platform's package, without which npm ci refuses it", () => {
  const wanted = Object.values(packages).flatMap((entry) => [
    ...Object.keys(entry.dependencies ?? {}),
    ...Object.keys(entry.optionalDependencies ?? {}),
  ]);
  const held = Object.keys(packages);
  expect(wanted.filter((name) => !held.some((path) => path.endsWith(`node_modules/${name}`)))).toEqual([]);
});
