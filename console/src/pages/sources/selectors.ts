/** The selectors that a trial takes, in the order in which they are filled in. */

export const POST_SELECTORS = ["post", "text", "author", "time", "title", "id", "link", "images", "files", "next"] as const;
export const LIST_SELECTORS = ["thread", "link", "mark", "next"] as const;

export type Selectors = Record<string, string>;

export interface Trial {
  readonly url: string;
  readonly source: string | null;
  readonly stored: boolean;
  readonly post: Selectors;
  readonly listing: Selectors;
}

export const EMPTY: Trial = { url: "", source: null, stored: false, post: {}, listing: {} };

/** What is sent: selectors of posts or threads count only where the element itself is named. */
export function bodyOf(trial: Trial): Trial {
  const filled = (given: Selectors, names: readonly string[], key: string): Selectors =>
    given[key]?.trim() ? Object.fromEntries(names.flatMap((name) => (given[name]?.trim() ? [[name, given[name]]] : []))) : {};
  return {
    ...trial,
    url: trial.url.trim(),
    post: filled(trial.post, POST_SELECTORS, "post"),
    listing: filled(trial.listing, LIST_SELECTORS, "thread"),
  };
}
