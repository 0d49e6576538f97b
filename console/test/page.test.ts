import { beforeAll, describe, expect, it, vi } from "vitest";

let atOf: typeof import("../src/state/page").atOf;

beforeAll(async () => {
  vi.stubGlobal("location", { href: "http://x/" });
  vi.stubGlobal("addEventListener", () => undefined);
  ({ atOf } = await import("../src/state/page"));
});

describe("the page that an address names", () => {
  it.each([
    ["http://x/", "review", null],
    ["http://x/alerts/abc?kind=web", "review", "abc"],
    ["http://x/cases", "cases", null],
    ["http://x/cases/01J%2Fx/", "cases", "01J/x"],
    ["http://x/spectrum/roof?low=1", "spectrum", "roof"],
  ])("%s", (url, page, open) => {
    const at = atOf(new URL(url));
    expect([at.page, at.open]).toEqual([page, open]);
  });
});
