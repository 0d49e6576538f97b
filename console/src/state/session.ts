/** Which session the header shows: the one running, else the next today, else the last. */
import type { SessionClock } from "../api/schema";

export function currentSession(sessions: readonly SessionClock[], now: number): SessionClock | null {
  const running = sessions.filter((s) => Date.parse(s.starts_at) <= now && now < Date.parse(s.ends_at));
  const coming = sessions.filter((s) => now < Date.parse(s.starts_at));
  const over = sessions.filter((s) => Date.parse(s.ends_at) <= now);
  const soonest = (list: readonly SessionClock[]) =>
    [...list].sort((a, b) => Date.parse(a.starts_at) - Date.parse(b.starts_at))[0];
  const latest = [...over].sort((a, b) => Date.parse(b.ends_at) - Date.parse(a.ends_at))[0];
  return soonest(running) ?? soonest(coming) ?? latest ?? null;
}

export function phaseAt(session: SessionClock, now: number): "before" | "in" | "after" {
  if (now < Date.parse(session.starts_at)) return "before";
  return now < Date.parse(session.ends_at) ? "in" : "after";
}
