/** The session clock of one venue: before, in or after the session that is nearest to now. */
import type { SessionClock } from "../../api/schema";
import { currentSession, phaseAt } from "../../state/session";

/** Longer ago or further ahead than this is no session of now. */
const NEAR_MS = 24 * 3_600_000;

export interface VenueClock {
  readonly session: SessionClock;
  readonly phase: "before" | "in" | "after";
  /** Since the start, to the end, to the start or since the end. */
  readonly sinceMs: number;
  readonly leftMs: number;
}

export function clockOf(sessions: readonly SessionClock[], venue: string, now: number): VenueClock | null {
  const session = currentSession(
    sessions.filter((one) => one.venues.includes(venue)),
    now,
  );
  if (!session) return null;
  const [start, end] = [Date.parse(session.starts_at), Date.parse(session.ends_at)];
  const phase = phaseAt(session, now);
  if (start - now > NEAR_MS || now - end > NEAR_MS) return null;
  const since = phase === "after" ? now - end : now - start;
  const left = phase === "before" ? start - now : end - now;
  return { session, phase, sinceMs: since, leftMs: left };
}
