import { beforeEach, describe, expect, test } from "vitest";
import { LiveStream, type Connection } from "../src/api/live";

/** A world in which time stands still until the test moves it. */
class World {
  time = 0;
  timers = new Map<number, { at: number; run: () => void }>();
  opened: FakeSource[] = [];
  private next = 1;
  now = () => this.time;
  later = (run: () => void, ms: number) => {
    this.timers.set(this.next, { at: this.time + ms, run });
    return this.next++;
  };
  cancel = (timer: number) => void this.timers.delete(timer);
  open = (url: string) => {
    const source = new FakeSource(url);
    this.opened.push(source);
    return source as unknown as EventSource;
  };
  pass(ms: number): void {
    const until = this.time + ms;
    for (;;) {
      const due = [...this.timers].filter(([, timer]) => timer.at <= until).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      this.timers.delete(due[0]);
      this.time = due[1].at;
      due[1].run();
    }
    this.time = until;
  }
}

class FakeSource {
  listeners = new Map<string, (event: MessageEvent) => void>();
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;
  constructor(readonly url: string) {}
  addEventListener(name: string, take: (event: MessageEvent) => void): void {
    this.listeners.set(name, take);
  }
  close(): void {
    this.closed = true;
  }
  send(name: string, data: unknown, lastEventId = ""): void {
    this.listeners.get(name)?.({ data: JSON.stringify(data), lastEventId } as MessageEvent);
  }
}

describe("the live stream", () => {
  let world: World;
  let states: Connection["state"][];
  let got: string[];
  let stream: LiveStream;

  beforeEach(() => {
    world = new World();
    states = [];
    got = [];
    stream = new LiveStream(
      {
        alert: (alert) => got.push(alert.fingerprint),
        case: (step) => got.push(`case ${step.id}`),
        health: () => got.push("health"),
        clock: () => got.push("clock"),
        resync: () => got.push("resync"),
        connection: (connection) => states.push(connection.state),
      },
      world,
      7,
    );
    stream.start();
  });

  test("begins where the list ended", () => {
    expect(world.opened[0]?.url).toBe("/api/live?after=7");
    expect(states).toEqual(["connecting"]);
    world.opened[0]?.onopen?.();
    expect(states.at(-1)).toBe("live");
  });

  test("goes on after the last event that it has seen", () => {
    world.opened[0]?.onopen?.();
    world.opened[0]?.send("alert", { fingerprint: "a" }, "12");
    world.opened[0]?.onerror?.();
    expect(states.at(-1)).toBe("lost");
    world.pass(1_000);
    expect(world.opened[1]?.url).toBe("/api/live?after=12");
    world.opened[1]?.onopen?.();
    expect(states.at(-1)).toBe("live");
  });

  test("waits longer after each failure, and never over 15 s", () => {
    const starts: number[] = [];
    for (let i = 0; i < 7; i++) {
      const before = world.opened.length;
      world.opened.at(-1)?.onerror?.();
      const from = world.time;
      while (world.opened.length === before) world.pass(500);
      starts.push(world.time - from);
    }
    expect(starts).toEqual([1000, 2000, 4000, 8000, 15000, 15000, 15000]);
  });

  test("that has gone silent counts as lost", () => {
    world.opened[0]?.onopen?.();
    world.pass(34_000);
    expect(states.at(-1)).toBe("live");
    world.opened[0]?.send("ping", { now: "2026-06-07T01:00:00Z" });
    world.pass(34_000);
    expect(states.at(-1)).toBe("live");
    world.pass(2_000);
    expect(states).toContain("lost");
    expect(world.opened[0]?.closed).toBe(true);
  });

  test("takes nothing more from a connection that it has given up", () => {
    const old = world.opened[0];
    old?.onerror?.();
    world.pass(1_000);
    old?.send("alert", { fingerprint: "late" }, "99");
    expect(got).toEqual([]);
  });

  test("says when the list must be read anew, and goes on from there", () => {
    world.opened[0]?.send("resync", { live_id: 500 }, "500");
    expect(got).toEqual(["resync"]);
    world.opened[0]?.onerror?.();
    world.pass(1_000);
    expect(world.opened[1]?.url).toBe("/api/live?after=500");
  });
});
