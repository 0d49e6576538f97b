/** What may stand at a place of a rule, by the schema that the server's own loader makes. Pure. */
import { placeAt } from "./yaml";

export interface Schema {
  readonly $ref?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly if?: Schema;
  readonly then?: Schema;
  readonly const?: unknown;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema | false>>;
  readonly additionalProperties?: Schema | boolean;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

export interface Option {
  /** What is put in place of what was typed. */
  readonly insert: string;
  readonly label: string;
  readonly about: string;
}

export interface Completion {
  /** Where what was typed begins. */
  readonly from: number;
  readonly options: readonly Option[];
}

const MOST = 60;

/** What fits at the caret, those that begin with what was typed first; null where nothing does. */
export function complete(root: Schema, text: string, caret: number): Completion | null {
  const place = placeAt(text, caret);
  if (!place) return null;
  const here = at(root, place.path, kindOf(text));
  const typed = place.typed.replace(/^["']/, "");
  const found = place.key === null ? keys(root, here, place.taken) : values(root, here, place.key);
  const low = typed.toLowerCase();
  const ranked = found
    .filter((one) => one.label.toLowerCase().includes(low) && one.label !== typed)
    .sort((a, b) => Number(b.label.toLowerCase().startsWith(low)) - Number(a.label.toLowerCase().startsWith(low)));
  return ranked.length ? { from: caret - typed.length, options: ranked.slice(0, MOST) } : null;
}

function kindOf(text: string): string | null {
  return /^kind:\s*["']?(\w+)/m.exec(text)?.[1] ?? null;
}

function resolved(root: Schema, schema: Schema): Schema {
  const name = schema.$ref?.split("/").at(-1);
  const meant = name !== undefined ? root.$defs?.[name] : undefined;
  return meant ? { ...meant, ...schema } : schema;
}

/** The schemas that hold at a path, those for the rule's kind included. */
function at(root: Schema, path: readonly string[], kind: string | null): Schema[] {
  const ofKind = (root.allOf ?? []).flatMap((one) => {
    const wanted = one.if?.properties?.["kind"];
    return one.then && wanted && (kind === null || wanted.const === kind) ? [one.then] : [];
  });
  return path.reduce<Schema[]>((schemas, name) => below(root, schemas, name), [...ofKind, root]);
}

function below(root: Schema, schemas: readonly Schema[], name: string): Schema[] {
  return schemas.flatMap((schema) => alternatives(root, schema)).flatMap((schema) => {
    const named = schema.properties?.[name];
    if (named) return [named];
    return typeof schema.additionalProperties === "object" ? [schema.additionalProperties] : [];
  });
}

/** A schema, what it refers to, its alternatives, and the items of its lists. */
function alternatives(root: Schema, schema: Schema): Schema[] {
  const meant = resolved(root, schema);
  const others = [...(meant.anyOf ?? []), ...(meant.oneOf ?? []), ...(meant.items ? [meant.items] : [])];
  return [meant, ...others.flatMap((other) => alternatives(root, other))];
}

function keys(root: Schema, schemas: readonly Schema[], taken: readonly string[]): Option[] {
  const found = new Map<string, Option>();
  for (const schema of schemas.flatMap((one) => alternatives(root, one))) {
    for (const [name, of] of Object.entries(schema.properties ?? {})) {
      if (of === false || taken.includes(name) || found.has(name)) continue;
      found.set(name, { insert: `${name}: `, label: name, about: resolved(root, of).description ?? "" });
    }
  }
  return [...found.values()];
}

function values(root: Schema, schemas: readonly Schema[], key: string): Option[] {
  const found = new Map<string, Option>();
  for (const schema of below(root, schemas, key).flatMap((one) => alternatives(root, one))) {
    const given = schema.enum ?? (schema.type === "boolean" ? [true, false] : []);
    for (const value of given) {
      const label = String(value);
      if (!found.has(label)) found.set(label, { insert: label, label, about: schema.description ?? "" });
    }
  }
  return [...found.values()];
}
