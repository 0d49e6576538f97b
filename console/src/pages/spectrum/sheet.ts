/** Lines of codes over frequency and time: the newest overwrites the oldest. */
import type { Span } from "./span";

export class Sheet {
  readonly codes: Uint8Array;
  /** When each line began, ms; NaN where there is none. */
  readonly times: Float64Array;
  /** Place of the newest line; lines before it are older, round the end. */
  head: number;
  /** Lines that were ever pushed. */
  nPushed = 0;

  constructor(
    readonly hz: Span,
    /** Bins of a line. */
    readonly width: number,
    /** Lines. */
    readonly height: number,
  ) {
    this.codes = new Uint8Array(width * height);
    this.times = new Float64Array(height).fill(NaN);
    this.head = height - 1;
  }

  get binHz(): number {
    return (this.hz.high - this.hz.low) / this.width;
  }

  push(line: Uint8Array, at: number): void {
    this.head = (this.head + 1) % this.height;
    this.codes.set(line, this.head * this.width);
    this.times[this.head] = at;
    this.nPushed++;
  }

  /** Where the line lies that is `age` lines older than the newest; -1 outside. */
  place(age: number): number {
    return age < 0 || age >= this.height ? -1 : (this.head - age + this.height) % this.height;
  }

  /** NaN where there is no line. */
  timeAt(age: number): number {
    const place = this.place(Math.floor(age));
    return place < 0 ? NaN : (this.times[place] ?? NaN);
  }

  /** How many lines older than the newest the one is that was on at `at`, with its fraction; null if none was. */
  ageAt(at: number): number | null {
    const n = Math.min(this.nPushed, this.height);
    if (n === 0 || Number.isNaN(at)) return null;
    let [newer, older] = [0, n - 1];
    if (at < this.timeAt(older)) return null;
    while (newer < older) {
      const mid = (newer + older) >> 1;
      if (this.timeAt(mid) <= at) older = mid;
      else newer = mid + 1;
    }
    return newer;
  }

  /** 0 where nobody listened. */
  codeAt(hz: number, age: number): number {
    const place = this.place(Math.floor(age));
    const bin = Math.floor((hz - this.hz.low) / this.binHz);
    return place < 0 || bin < 0 || bin >= this.width ? 0 : (this.codes[place * this.width + bin] ?? 0);
  }
}

/** `line` between two of its bins (with fractions) as `out`: of several bins the strongest, of none the nearest. */
export function pooled(line: Uint8Array, first: number, last: number, out: Uint8Array): void {
  const step = (last - first) / out.length;
  for (let x = 0; x < out.length; x++) {
    const from = Math.floor(first + x * step);
    const to = Math.max(from + 1, Math.ceil(first + (x + 1) * step - 1e-6));
    let top = 0;
    for (let i = Math.max(0, from); i < Math.min(line.length, to); i++) {
      const code = line[i] ?? 0;
      if (code > top) top = code;
    }
    out[x] = top;
  }
}
