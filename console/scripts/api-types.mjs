// Writes src/api/schema.ts from openapi.json: one interface a schema.
// openapi.json itself is written by `python -m monitor.server.openapi console/openapi.json`.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The TypeScript type of one JSON schema. */
function typeOf(schema) {
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" | ");
  switch (schema.type) {
    case "string":
      return "string";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "null":
      return "null";
    case "array":
      if (schema.prefixItems) return `[${schema.prefixItems.map(typeOf).join(", ")}]`;
      return /^\w+$/.test(typeOf(schema.items ?? {})) ? `${typeOf(schema.items ?? {})}[]` : `(${typeOf(schema.items)})[]`;
    case "object":
      return `Record<string, ${typeOf(schema.additionalProperties ?? {})}>`;
    case undefined:
      return "unknown";
    default:
      throw new Error(`no TypeScript for ${JSON.stringify(schema)}`);
  }
}

/** The whole module for an OpenAPI document. A field with a default is always sent, so none is optional. */
export function typesOf(document) {
  const interfaces = Object.entries(document.components.schemas).map(([name, schema]) => {
    const fields = Object.entries(schema.properties ?? {}).map(([field, type]) => `  ${field}: ${typeOf(type)};`);
    return `export interface ${name} {\n${fields.join("\n")}\n}\n`;
  });
  return `// Generated from openapi.json by \`npm run api\`; do not edit.\n\n${interfaces.join("\n")}`;
}

export const read = () => JSON.parse(readFileSync(here("../openapi.json"), "utf8"));
export const target = here("../src/api/schema.ts");

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(target, typesOf(read()));
