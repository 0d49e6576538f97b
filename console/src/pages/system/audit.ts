/** The audit's filters, and its details as one line. */

export const FILTERS = ["actor", "action", "subject"] as const;
export type AuditFilter = Record<(typeof FILTERS)[number], string>;

export function asked(query: URLSearchParams): AuditFilter {
  return { actor: query.get("actor") ?? "", action: query.get("action") ?? "", subject: query.get("subject") ?? "" };
}

const LONGEST = 240;

/** `name: value` of each detail that says something, cut where a list would fill the page. */
export function detailsOf(body: Record<string, unknown>): string {
  const said = Object.entries(body).filter(([, value]) => value !== null && value !== "" && value !== undefined);
  const text = said.map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`).join(", ");
  return cut(text.replace(DIGEST, "$1…"));
}

/** Enough of a digest to find it by. */
const DIGEST = /\b(sha256:[0-9a-f]{8})[0-9a-f]{56}\b/g;

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** What somebody typed as names with commas between; null for none, which means all. */
export function namesOf(text: string): string[] | null {
  const names = [...new Set(text.split(/[,，、]/).map((name) => name.trim()))].filter(Boolean);
  return names.length ? names : null;
}
