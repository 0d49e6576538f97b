/** What of a fleet is shown, and how grave it is. Pure. */
import type { FleetView, NodeView, ReleaseView } from "../../api/schema";

export type Reason = NodeView["needs"][number];

const GRAVEST: readonly Reason[] = ["cloned", "ended", "silent", "ending", "never-seen", "outbox", "refused", "unwell", "clock"];

export function gravity(node: NodeView): number {
  const first = node.needs[0];
  return first === undefined ? GRAVEST.length : GRAVEST.indexOf(first);
}

export interface Asked {
  /** Only those that need a hand. */
  readonly needy: boolean;
  /** Those that were shut out, too. */
  readonly retired: boolean;
  /** Part of a name or a venue. */
  readonly find: string;
}

/** `called` says how people call a venue: it is found by that name and by its id. */
export function shownOf(nodes: readonly NodeView[], asked: Asked, called: (venue: string) => string = (venue) => venue): NodeView[] {
  const find = asked.find.trim().toLowerCase();
  return nodes
    .filter((node) => asked.retired || node.state !== "revoked")
    .filter((node) => !asked.needy || node.needs.length > 0)
    .filter((node) => !find || [node.node, ...(node.venue ? [node.venue, called(node.venue)] : [])].some((name) => name.toLowerCase().includes(find)))
    .sort((a, b) => gravity(a) - gravity(b) || a.node.localeCompare(b.node));
}

export interface Counts {
  readonly all: number;
  readonly needy: number;
  readonly invited: number;
  readonly retired: number;
}

export function counted(nodes: readonly NodeView[]): Counts {
  const retired = nodes.filter((node) => node.state === "revoked").length;
  return {
    all: nodes.length - retired,
    needy: nodes.filter((node) => node.needs.length > 0).length,
    invited: nodes.filter((node) => node.state === "invited").length,
    retired,
  };
}

/** Share of the outbox that is used, from 0 to 1. */
export function filling(node: NodeView): number | null {
  const box = node.outbox;
  return box === null || box.max_bytes === 0 ? null : Math.min(1, box.n_bytes / box.max_bytes);
}

/** Whole days until then; negative where it is over. */
export function daysUntil(instant: string, nowMs: number): number {
  return Math.floor((Date.parse(instant) - nowMs) / 86_400_000);
}

export type StageState = "passed" | "now" | "ahead" | "stopped";

export interface Stage {
  readonly share: number;
  readonly state: StageState;
}

/** The stages of a release; one that takes back another goes to all at once and has none. */
export function stagesOf(release: ReleaseView, shares: readonly number[]): Stage[] {
  if (release.state !== "running" && release.steps.length === 0) return [];
  return shares.map((share, n) => {
    if (release.state === "done" || n < release.stage) return { share, state: "passed" };
    if (n > release.stage) return { share, state: "ahead" };
    return { share, state: release.state === "running" ? "now" : "stopped" };
  });
}

/** Whether the files of `release` may be given to all nodes again: it was on all, and they have others now. */
export function mayRepeat(release: ReleaseView, fleet: FleetView): boolean {
  const good = fleet.releases.find((one) => one.state === "done");
  const running = fleet.releases.some((one) => one.state === "running");
  return !running && release.state === "done" && good !== undefined && good.content !== release.content;
}

/** Seconds with their sign; what rounds to nothing has none. */
export function signed(offsetS: number): string {
  const text = Math.abs(offsetS).toFixed(1);
  if (Number(text) === 0) return text;
  return `${offsetS > 0 ? "+" : "−"}${text}`;
}
