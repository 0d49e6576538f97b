/**
 * The live stream, kept open. It reconnects by itself with growing pauses and goes on after the last
 * event it has seen, so nothing is missed; a stream that has gone silent counts as broken.
 */
import type { AlertView, CaseView, HealthView } from "./schema";

export type Connection =
  | { state: "connecting" }
  | { state: "live" }
  | { state: "lost"; since: number; retryAt: number };

export interface LiveSink {
  alert(alert: AlertView): void;
  case(step: CaseView): void;
  health(health: HealthView): void;
  clock(serverNow: number): void;
  /** Too far behind: read the list anew; the stream itself goes on. */
  resync(): void;
  connection(connection: Connection): void;
}

export interface LiveWorld {
  open(url: string): EventSource;
  now(): number;
  later(run: () => void, ms: number): number;
  cancel(timer: number): void;
}

/** The server pings every 15 s: two pings and a bit without a word is a dead stream. */
const SILENCE_MS = 35_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;

export class LiveStream {
  private source: EventSource | null = null;
  private timer = 0;
  private pause = FIRST_PAUSE_MS;
  private lostSince = 0;

  constructor(
    private readonly sink: LiveSink,
    private readonly world: LiveWorld,
    private position: number,
  ) {}

  start(): void {
    if (!this.lostSince) this.sink.connection({ state: "connecting" });
    this.watch();
    const source = this.world.open(`/api/live?after=${this.position}`);
    this.source = source;
    const on = (name: string, take: (data: unknown) => void) =>
      source.addEventListener(name, (event) => {
        if (source !== this.source) return;
        this.heard(event.lastEventId);
        take(JSON.parse(event.data as string));
      });
    on("alert", (data) => this.sink.alert(data as AlertView));
    on("case", (data) => this.sink.case(data as CaseView));
    on("health", (data) => this.sink.health(data as HealthView));
    on("ping", (data) => this.sink.clock(Date.parse((data as { now: string }).now)));
    on("resync", () => this.sink.resync());
    source.onopen = () => {
      if (source === this.source) this.heard("");
    };
    source.onerror = () => {
      if (source === this.source) this.lost();
    };
  }

  stop(): void {
    this.world.cancel(this.timer);
    this.source?.close();
    this.source = null;
  }

  private heard(id: string): void {
    if (id) this.position = Number(id);
    if (this.lostSince || this.pause !== FIRST_PAUSE_MS || id === "") this.sink.connection({ state: "live" });
    this.lostSince = 0;
    this.pause = FIRST_PAUSE_MS;
    this.watch();
  }

  private watch(): void {
    this.world.cancel(this.timer);
    this.timer = this.world.later(() => this.lost(), SILENCE_MS);
  }

  private lost(): void {
    this.stop();
    const now = this.world.now();
    this.lostSince ||= now;
    this.sink.connection({ state: "lost", since: this.lostSince, retryAt: now + this.pause });
    this.timer = this.world.later(() => this.start(), this.pause);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS);
  }
}
