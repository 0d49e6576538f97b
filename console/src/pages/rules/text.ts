/** A rule's text as the editor handles it: faults by line, a threshold in place. Pure. */

export interface Fault {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** Faults as the server tells them, `LINE: message` or `FILE:LINE: message`. */
export function faultsOf(lines: readonly string[]): Fault[] {
  return lines.flatMap((text) => {
    const found = /^(?:.*?:)??(\d+): (.*)$/s.exec(text);
    return found ? [{ line: Number(found[1]), message: found[2] ?? "" }] : text.trim() ? [{ line: 1, message: text }] : [];
  });
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** `text` with another value of the limit on that line; null where the line does not hold it. */
export function withLimit(text: string, line: number, field: string, modifier: string, value: number): string | null {
  const lines = text.split("\n");
  const before = lines[line - 1];
  if (before === undefined) return null;
  const limit = new RegExp(`(["']?${escaped(field)}\\|${escaped(modifier)}["']?\\s*:\\s*)("[^"]*"|'[^']*'|[^,}\\]\\s#]+)`);
  if (!limit.test(before)) return null;
  lines[line - 1] = before.replace(limit, (_, key: string) => key + plain(value));
  return lines.join("\n");
}

/** A number as a rule has it: no exponent, no rest of binary fractions. */
export function plain(value: number): string {
  return String(Number(value.toPrecision(12)));
}

/** The indentation that the line after the caret's should have. */
export function nextIndent(line: string): string {
  const own = /^\s*/.exec(line)?.[0] ?? "";
  const inList = /^\s*(- +)/.exec(line)?.[1] ?? "";
  const opens = /:\s*(#.*)?$/.test(line);
  return own + " ".repeat(inList.length) + (opens ? "  " : "");
}
