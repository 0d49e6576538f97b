import { expect, test } from "vitest";
import { currentSession, phaseAt } from "../src/state/session";

const session = (name: string, from: string, to: string) => ({
  exam: "e",
  session: name,
  starts_at: `2026-06-07T${from}:00Z`,
  ends_at: `2026-06-07T${to}:00Z`,
  phase: "none" as const,
  exam_en: "",
  exam_zh: "",
  session_en: "",
  session_zh: "",
  venues: [],
});
const day = [session("afternoon", "07:00", "09:00"), session("morning", "01:00", "03:00")];
const at = (time: string) => Date.parse(`2026-06-07T${time}:00Z`);

test("the header shows the session that runs, else the next, else the last", () => {
  expect(currentSession(day, at("00:10"))?.session).toBe("morning");
  expect(currentSession(day, at("02:00"))?.session).toBe("morning");
  expect(currentSession(day, at("03:00"))?.session).toBe("afternoon");
  expect(currentSession(day, at("23:00"))?.session).toBe("afternoon");
  expect(currentSession([], at("01:00"))).toBeNull();
});

test("a session begins with its first instant and is over at its last", () => {
  const morning = session("morning", "01:00", "03:00");
  expect(phaseAt(morning, at("00:59"))).toBe("before");
  expect(phaseAt(morning, at("01:00"))).toBe("in");
  expect(phaseAt(morning, at("03:00"))).toBe("after");
});
