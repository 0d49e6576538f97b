/** Only what a browser may open without harm: web addresses. `javascript:` and friends are text. */
export function openable(url: string): boolean {
  return /^https?:\/\/[^\s/]/i.test(url);
}
