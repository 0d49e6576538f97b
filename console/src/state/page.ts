/** Which page is open, and what on it: the address says so, and the browser's back button is heard. */
import { signal } from "@preact/signals";

export interface At {
  /** Of `pages/registry`; `review` where the address names none. */
  readonly page: string;
  /** What is open on it: the rest of the path. */
  readonly open: string | null;
  readonly query: URLSearchParams;
}

export function atOf(url: URL): At {
  const [, first, ...rest] = url.pathname.split("/");
  const page = !first || first === "alerts" ? "review" : first;
  const open = rest.filter(Boolean).map(decodeURIComponent).join("/");
  return { page, open: open || null, query: url.searchParams };
}

/** The address that the console was opened with; pages then write theirs over it. */
export const opened = new URL(location.href);

export const at = signal<At>(atOf(new URL(location.href)));

/** Go to an address of the console. */
export function go(path: string): void {
  if (path === location.pathname + location.search) return;
  history.pushState(null, "", path);
  at.value = atOf(new URL(location.href));
}

/** Say in the address what changed on the page, without a step for the back button. */
export function restate(path: string): void {
  if (path === location.pathname + location.search) return;
  history.replaceState(null, "", path);
  at.value = atOf(new URL(location.href));
}

addEventListener("popstate", () => {
  at.value = atOf(new URL(location.href));
});
