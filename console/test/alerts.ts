import type { AlertView } from "../src/api/schema";

/** An alert that differs from the next only by what the test is about. */
export function alert(fingerprint: string, more: Partial<AlertView> = {}): AlertView {
  return {
    fingerprint,
    kind: "radio",
    level: "medium",
    labels: {},
    annotations: {},
    starts_at: "2026-06-07T01:00:00Z",
    updated_at: "2026-06-07T01:00:00Z",
    ends_at: null,
    firing: true,
    count: 1,
    venue: null,
    drill: false,
    experimental: false,
    rules: [],
    why: [],
    event: {},
    evidence: [],
    history: [],
    case: null,
    acked_by: null,
    acked_at: null,
    ...more,
  };
}
