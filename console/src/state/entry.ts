/** Where somebody who logs in was going, and why a login by a provider came back without one. */
import { ApiError } from "../api/client";
import { opened } from "./page";

/** In the address, when the server leads back from a login that failed. */
const REFUSED = "login";
const MAX_TO = 2000;

/** The console's own address now, without what a failed login left in it. */
export function destination(url: URL = new URL(location.href)): string {
  // Only where it is: to delete what is not there would still write the query anew.
  if (url.searchParams.has(REFUSED)) url.searchParams.delete(REFUSED);
  // A browser may read a backslash as a slash; the server takes none.
  const path = (url.pathname + url.search).replaceAll("\\", "%5C");
  return path.length > MAX_TO || path.startsWith("//") ? "/" : path;
}

/** Why the last login by a provider failed; told once. */
export function takeRefusal(): ApiError | null {
  const code = opened.searchParams.get(REFUSED);
  opened.searchParams.delete(REFUSED);
  return code?.startsWith("oidc-") ? new ApiError(code, 0, code) : null;
}
