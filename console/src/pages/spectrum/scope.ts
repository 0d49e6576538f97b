/** What one plot shows, live or past, and what people set on it. What changes with each row is no signal. */
import { signal } from "@preact/signals";
import type { BandPlanRow, TemplateView } from "../../api/schema";
import { feed, type FeedState } from "./feed";
import { dbOf, fitted, type Scale } from "./levels";
import type { Mark } from "./marks";
import { Panorama, rangeFor } from "./panorama";
import type { Past } from "./past";
import type { Sheet } from "./sheet";
import { isSame, type Span } from "./span";
import type { Row } from "./wire";

/** A place in the picture. */
export interface Spot {
  readonly hz: number;
  readonly db: number;
  /** ms; null in the levels, where it is now. */
  readonly at: number | null;
}

export interface Rate {
  readonly rows: number;
  readonly nDropped: number;
}

/** Lines that are kept beyond what is seen now: a window that grows shows more at once. */
const MOST_LINES = 1200;
const REFIT_MS = 2_000;

export class Scope {
  readonly hz = signal<Span | null>(null);
  /** The stretch of time that is looked at; null: live. */
  readonly time = signal<Span | null>(null);
  readonly state = signal<FeedState>("opening");
  readonly rate = signal<Rate>({ rows: 0, nDropped: 0 });
  readonly range = signal<Span | null>(null);
  readonly holding = signal(false);
  readonly comparing = signal(false);
  readonly isAuto = signal(true);
  readonly scale = signal<Scale | null>(null);
  readonly cursor = signal<Spot | null>(null);
  readonly a = signal<Spot | null>(null);
  readonly b = signal<Spot | null>(null);
  readonly chosen = signal<string | null>(null);
  panorama: Panorama | null = null;
  past: Past | null = null;
  template: TemplateView | null = null;
  plan: readonly BandPlanRow[] = [];
  marks: readonly Mark[] = [];
  bands: readonly Span[] = [];
  /** Of a pixel's line, live. */
  lineS = 0.04;
  isDirty = true;
  private nRows = 0;
  private rateSince = performance.now();
  private refitAt = 0;
  private readonly end: () => void;

  constructor(
    readonly sensor: string,
    readonly isSmall: boolean,
  ) {
    this.end = feed(
      sensor,
      (row) => this.take(row),
      (state) => {
        if (this.state.value !== state) this.state.value = state;
      },
    );
  }

  close(): void {
    this.end();
  }

  /** What is drawn: the past where that is looked at, else what comes in. */
  get sheet(): Sheet | null {
    return this.time.value ? (this.past?.sheet ?? null) : (this.panorama?.sheet ?? null);
  }

  /** All that can be looked at. */
  get whole(): Span | null {
    return this.range.value;
  }

  get shownHz(): Span | null {
    return this.hz.value ?? this.range.value;
  }

  touch(): void {
    this.isDirty = true;
  }

  setLineS(seconds: number): void {
    this.lineS = seconds;
    this.panorama = null;
  }

  levelAt(hz: number): number {
    const panorama = this.panorama;
    if (!panorama) return NaN;
    const bin = Math.floor((hz - panorama.hz.low) / panorama.sheet.binHz);
    return dbOf(panorama.latest[bin] ?? 0);
  }

  private take(row: Row): void {
    const whole = rangeFor(row, this.bands, null);
    const asked = rangeFor(row, this.bands, this.hz.value);
    let panorama = this.panorama;
    if (!panorama || !isSame(panorama.hz, asked) || panorama.lineS !== this.lineS) {
      panorama = this.panorama = new Panorama(asked, row, MOST_LINES, this.lineS);
      this.refitAt = 0;
    }
    if (!this.range.value || !isSame(this.range.value, whole)) {
      const hz = this.hz.value;
      // Held elsewhere, or back again: what was looked at closely is not there any more.
      if (hz && (hz.low < whole.low || hz.high > whole.high)) this.hz.value = null;
      this.range.value = whole;
    }
    panorama.take(row);
    this.count(row);
    this.isDirty = true;
  }

  private count(row: Row): void {
    const now = performance.now();
    this.nRows++;
    if (now - this.rateSince >= 1000) {
      const rows = Math.round((this.nRows * 1000) / (now - this.rateSince));
      this.rate.value = { rows, nDropped: row.nDropped };
      [this.nRows, this.rateSince] = [0, now];
    }
    if (now >= this.refitAt && this.panorama && !this.time.value) {
      this.refitAt = now + REFIT_MS;
      this.refit(this.panorama.latest);
    }
  }

  refit(codes: Uint8Array): void {
    if (!this.isAuto.value) return;
    const before = this.scale.value;
    const scale = fitted(codes, before);
    if (scale !== before) this.scale.value = scale;
  }
}
