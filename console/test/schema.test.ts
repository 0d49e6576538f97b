import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { read, target, typesOf } from "../scripts/api-types.mjs";

test("the API's types are those of openapi.json (npm run api writes them)", () => {
  expect(readFileSync(target, "utf8")).toBe(typesOf(read()));
});
