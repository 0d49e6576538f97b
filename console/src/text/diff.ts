/**
 * What differs between two texts (Myers 1986, greedy). Chinese has no blanks between words, so each of its
 * characters counts alone; other scripts are compared by words. Pure.
 */
export interface Part {
  readonly text: string;
  readonly kind: "same" | "gone" | "new";
}

/** Beyond so many differences what lies between is told as one that went and one that came. */
const MOST_EDITS = 600;

export function tokens(text: string): string[] {
  return text.match(/(?:(?!\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana})[\p{L}\p{N}])+|\s+|[^]/gu) ?? [];
}

/** The steps back through the kept frontiers: for each, how far along the diagonal it came. */
function edits(a: readonly string[], b: readonly string[]): ("same" | "gone" | "new")[] | null {
  const frontiers: Map<number, number>[] = [];
  let reach = new Map([[1, 0]]);
  for (let d = 0; d <= Math.min(a.length + b.length, MOST_EDITS); d++) {
    const next = new Map(reach);
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
      let x = down ? (reach.get(k + 1) ?? 0) : (reach.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      next.set(k, x);
      if (x >= a.length && x - k >= b.length) return walkBack([...frontiers, reach], a.length, b.length);
    }
    frontiers.push(reach);
    reach = next;
  }
  return null;
}

function walkBack(frontiers: readonly Map<number, number>[], m: number, n: number): ("same" | "gone" | "new")[] {
  const found: ("same" | "gone" | "new")[] = [];
  let [x, y] = [m, n];
  for (let d = frontiers.length - 1; d >= 0; d--) {
    const reach = frontiers[d] ?? new Map<number, number>();
    const k = x - y;
    const down = k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
    const fromX = reach.get(down ? k + 1 : k - 1) ?? 0;
    const fromY = fromX - (down ? k + 1 : k - 1);
    const [startX, startY] = down ? [fromX, fromY + 1] : [fromX + 1, fromY];
    while (x > startX && y > startY && x > 0 && y > 0) {
      found.push("same");
      x--;
      y--;
    }
    if (d > 0) found.push(down ? "new" : "gone");
    [x, y] = [fromX, fromY];
  }
  return found.reverse();
}

/** `before` and `after` as one row of parts; those that are `same` or `gone` make `before` again. */
export function diff(before: string, after: string): Part[] {
  const [a, b] = [tokens(before), tokens(after)];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const [midA, midB] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
  const kinds = edits(midA, midB) ?? [...midA.map(() => "gone" as const), ...midB.map(() => "new" as const)];
  const parts: Part[] = a.slice(0, head).map((text) => ({ text, kind: "same" }));
  let [i, j] = [0, 0];
  for (const kind of kinds) {
    const text = kind === "new" ? midB[j] : midA[i];
    if (kind !== "new") i++;
    if (kind !== "gone") j++;
    parts.push({ text: text ?? "", kind });
  }
  parts.push(...a.slice(a.length - tail).map((text): Part => ({ text, kind: "same" })));
  return joined(parts);
}

function joined(parts: readonly Part[]): Part[] {
  const found: Part[] = [];
  for (const part of parts) {
    const before = found.at(-1);
    if (before?.kind === part.kind) found[found.length - 1] = { text: before.text + part.text, kind: part.kind };
    else found.push(part);
  }
  return found;
}
