import { describe, expect, test } from "vitest";
import { en } from "../src/i18n/en";
import { zh } from "../src/i18n/zh";

type Tree = { [name: string]: unknown };

/** Every path to a text, with what kind of thing is there. */
function leaves(tree: Tree, path = ""): string[] {
  return Object.entries(tree).flatMap(([name, value]) => {
    const here = path ? `${path}.${name}` : name;
    return typeof value === "object" && value !== null ? leaves(value as Tree, here) : [`${here}: ${typeof value}`];
  });
}

function texts(tree: Tree): string[] {
  return Object.values(tree).flatMap((value) =>
    typeof value === "string" ? [value] : typeof value === "object" && value !== null ? texts(value as Tree) : [],
  );
}

describe("the dictionaries", () => {
  test("have the same keys of the same kind", () => {
    expect(leaves(zh as unknown as Tree)).toEqual(leaves(en as unknown as Tree));
  });

  test("leave no text empty", () => {
    expect([...texts(en as unknown as Tree), ...texts(zh as unknown as Tree)].filter((text) => !text.trim())).toEqual([]);
  });

  test("are each in their own language", () => {
    const foreign = texts(en as unknown as Tree).filter((text) => /\p{Script=Han}/u.test(text));
    expect(foreign).toEqual([]);
    const han = texts(zh as unknown as Tree).filter((text) => /\p{Script=Han}/u.test(text)).length;
    expect(han).toBeGreaterThan(texts(zh as unknown as Tree).length * 0.85);
  });
});
