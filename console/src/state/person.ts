/** Who is logged in. Until that is known nothing is asked of the server; when it ends, the login shows. */
import { signal } from "@preact/signals";
import { ApiError, forget, whoAmI } from "../api/client";
import type { SessionView } from "../api/schema";

export type Who = "unknown" | "nobody" | ApiError | SessionView;

export const who = signal<Who>("unknown");

export function isPerson(value: Who): value is SessionView {
  return typeof value === "object" && !(value instanceof ApiError);
}

/** Ask the server. Trouble on the way changes nothing for somebody who is in. */
export async function askWho(): Promise<void> {
  try {
    who.value = await whoAmI();
  } catch (cause) {
    if (cause instanceof ApiError && cause.status === 401) who.value = "nobody";
    else if (!isPerson(who.value) && cause instanceof ApiError) who.value = cause;
  }
}

export async function leave(): Promise<void> {
  const person = who.value;
  const left = isPerson(person) ? await forget(person.csrf) : null;
  // What was shown must not stay behind in memory.
  location.assign(left?.url ?? "/");
}
