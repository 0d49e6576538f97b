import { beforeAll, describe, expect, it, vi } from "vitest";

let destination: typeof import("../src/state/entry").destination;

beforeAll(async () => {
  vi.stubGlobal("location", { href: "http://x/" });
  vi.stubGlobal("addEventListener", () => undefined);
  ({ destination } = await import("../src/state/entry"));
});

describe("where somebody who logs in was going", () => {
  it.each([
    ["http://x/", "/"],
    ["http://x/cases/01J?state=open&q=a%20b", "/cases/01J?state=open&q=a%20b"],
    ["http://x/map?login=oidc-no-group", "/map"],
    ["http://x/map?at=1&login=oidc-no-group#there", "/map?at=1"],
    ["http://x/?q=a\\b", "/?q=a%5Cb"],
    ["http://x//evil.example/", "/"],
    [`http://x/?q=${"a".repeat(3000)}`, "/"],
  ])("%s", (url, to) => {
    expect(destination(new URL(url))).toBe(to);
  });
});
