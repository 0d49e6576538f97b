/** As much of YAML as an editor needs: what a line is made of, and where in the tree a caret stands. Pure. */

export interface Piece {
  readonly kind: "key" | "comment" | "plain";
  readonly text: string;
}

const KEY = /^(\s*(?:- +)*)("[^"]*"|'[^']*'|[\w|.-]+)(?=:(?:\s|$))/;

/** A line in pieces to be coloured; joined they are the line. */
export function piecesOf(line: string): Piece[] {
  const found: Piece[] = [];
  const hash = commentAt(line);
  let rest = hash < 0 ? line : line.slice(0, hash);
  const key = KEY.exec(rest);
  if (key) {
    if (key[1]) found.push({ kind: "plain", text: key[1] });
    found.push({ kind: "key", text: key[2] ?? "" });
    rest = rest.slice(key[0].length);
  }
  if (rest) found.push({ kind: "plain", text: rest });
  if (hash >= 0) found.push({ kind: "comment", text: line.slice(hash) });
  return found;
}

/** Where a comment begins; -1 where there is none. A # inside quotes or a word is none. */
function commentAt(line: string): number {
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const c = line[at] ?? "";
    if (quote) {
      if (c === quote) quote = "";
    } else if (c === '"' || c === "'") quote = c;
    else if (c === "#" && (at === 0 || /\s/.test(line[at - 1] ?? ""))) return at;
  }
  return -1;
}

export interface Place {
  /** Keys from the root to the mapping that the caret is in. */
  readonly path: readonly string[];
  /** The key whose value is typed; null while a key is typed. */
  readonly key: string | null;
  /** What has been typed of it. */
  readonly typed: string;
  /** Keys that the mapping has already, the one being typed left out. */
  readonly taken: readonly string[];
}

const NAME = /^[\w|.-]+$/;

/** Where the caret stands in a text in block style, with mappings and lists in `{}` and `[]` on the caret's line. */
export function placeAt(text: string, caret: number): Place | null {
  const before = text.slice(0, caret);
  const lines = before.split("\n");
  const last = lines.pop() ?? "";
  if (commentAt(last) >= 0) return null;
  const indent = indentOf(last);
  const outer = pathAbove(lines, indent);
  const opened = flow(last);
  if (opened) {
    const path = [...outer, ...opened.keys];
    return { path, key: opened.key, typed: opened.typed, taken: opened.taken };
  }
  const content = last.slice(indent).replace(/^(?:- +)+/, "");
  const pair = /^("[^"]*"|'[^']*'|[\w|.-]+):\s+(.*)$/.exec(content);
  if (pair) return { path: outer, key: unquoted(pair[1] ?? ""), typed: pair[2] ?? "", taken: [] };
  if (content !== "" && !NAME.test(content)) return null;
  return { path: outer, key: null, typed: content, taken: siblings(lines, text.slice(caret).split("\n").slice(1), indent) };
}

/** Column at which a line's content begins, the marks of a list counted in. */
function indentOf(line: string): number {
  return (/^\s*(?:- +)*/.exec(line) ?? [""])[0].length;
}

function keyOf(line: string): string | null {
  const found = KEY.exec(line);
  return found ? unquoted(found[2] ?? "") : null;
}

function unquoted(text: string): string {
  return /^["'].*["']$/.test(text) ? text.slice(1, -1) : text;
}

function pathAbove(lines: readonly string[], indent: number): string[] {
  const path: string[] = [];
  let left = indent;
  for (let at = lines.length - 1; at >= 0 && left > 0; at--) {
    const line = lines[at] ?? "";
    if (!line.trim() || line.trim().startsWith("#")) continue;
    const key = keyOf(line);
    const begins = indentOf(line);
    if (key !== null && begins < left) {
      path.unshift(key);
      left = begins;
    }
  }
  return path;
}

/** Keys of the same mapping above and below. */
function siblings(above: readonly string[], below: readonly string[], indent: number): string[] {
  const found: string[] = [];
  const walk = (lines: readonly string[]) => {
    for (const line of lines) {
      if (!line.trim() || line.trim().startsWith("#")) continue;
      const begins = indentOf(line);
      if (begins < indent) return;
      const key = keyOf(line);
      if (begins === indent && key !== null) found.push(key);
    }
  };
  walk([...above].reverse());
  walk(below);
  return found;
}

interface Flow {
  readonly keys: readonly string[];
  readonly key: string | null;
  readonly typed: string;
  readonly taken: readonly string[];
}

/** The innermost `{` or `[` that is open at the end of the line. */
function flow(line: string): Flow | null {
  const open: { mark: string; key: string | null; taken: string[] }[] = [];
  let quote = "";
  let token = "";
  let key: string | null = null;
  for (const c of line) {
    if (quote) {
      if (c === quote) quote = "";
      else token += c;
      continue;
    }
    if (c === '"' || c === "'") quote = c;
    else if (c === ":") {
      key = token.trim().replace(/^(?:- +)+/, "");
      token = "";
      if (open.length) open.at(-1)?.taken.push(key);
    } else if (c === "{" || c === "[") {
      open.push({ mark: c, key, taken: [] });
      key = null;
      token = "";
    } else if (c === "}" || c === "]") {
      open.pop();
      key = null;
      token = "";
    } else if (c === ",") {
      if (open.at(-1)?.mark === "{") key = null;
      token = "";
    } else token += c;
  }
  const inner = open.at(-1);
  if (!inner) return null;
  const names = open.flatMap((one) => (one.key ? [one.key] : []));
  if (inner.mark === "[") {
    return { keys: names.slice(0, -1), key: inner.key, typed: token.trimStart(), taken: [] };
  }
  return { keys: names, key, typed: token.trimStart(), taken: key === null ? inner.taken : [] };
}
