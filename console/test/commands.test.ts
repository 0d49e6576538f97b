import { beforeAll, describe, expect, test, vi } from "vitest";

let commands: typeof import("../src/ui/commands");
let views: typeof import("../src/state/views");
let cases: typeof import("../src/pages/cases/words");

beforeAll(async () => {
  const kept = new Map<string, string>();
  vi.stubGlobal("location", { href: "http://x/", pathname: "/", search: "" });
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("history", { replaceState: () => undefined });
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  });
  vi.stubGlobal("document", { documentElement: { dataset: {} } });
  vi.stubGlobal("navigator", { languages: ["en"] });
  vi.stubGlobal("matchMedia", () => ({ matches: true }));
  commands = await import("../src/ui/commands");
  views = await import("../src/state/views");
  cases = await import("../src/pages/cases/words");
});

describe("the table of keys", () => {
  test("gives no key two meanings on a page", () => {
    const everywhere = commands.COMMANDS.filter((one) => !one.page);
    for (const page of ["review", "cases"]) {
      const there = commands.COMMANDS.filter((one) => one.page === page);
      const keys = [...there, ...everywhere].flatMap((one) => one.keys);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  test("says what each key does in both languages", () => {
    for (const { name } of commands.COMMANDS) {
      expect(name.zh).toMatch(/\p{Script=Han}/u);
      expect(name.en).not.toMatch(/\p{Script=Han}/u);
      expect(name.en.trim()).not.toBe("");
    }
  });

  test("prints capitals with their shift", () => {
    expect(commands.keyName("J")).toBe("Shift+j");
    expect(commands.keyName("?")).toBe("?");
  });
});

describe("views that an older console kept", () => {
  test("are read whatever stands there", () => {
    expect(views.keptViews(null)).toEqual([]);
    expect(views.keptViews("{broken")).toEqual([]);
    expect(views.keptViews('{"name":"x"}')).toEqual([]);
    expect(views.keptViews('[{"name":" x ","query":"kind=web"},{"name":3},{"name":" ","query":""},null]')).toEqual([
      { name: "x", query: "kind=web" },
    ]);
  });

  test("write over none that the server has", () => {
    expect(views.freeName("Web", ["Radio"])).toBe("Web");
    expect(views.freeName("Web", ["Web", "Web 2"])).toBe("Web 3");
    expect(views.freeName("x".repeat(24), ["x".repeat(24)]).length).toBeLessThanOrEqual(24);
  });
});

type Tree = { [name: string]: unknown };
const leaves = (tree: Tree, path = ""): string[] =>
  Object.entries(tree).flatMap(([name, value]) =>
    typeof value === "object" && value !== null ? leaves(value as Tree, `${path}.${name}`) : [`${path}.${name}`],
  );

test("the words of cases have the same keys in both languages", () => {
  const { en, zh } = cases.BOTH;
  expect(leaves(zh as unknown as Tree)).toEqual(leaves(en as unknown as Tree));
});
