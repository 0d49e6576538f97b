/** Two fingers on a picture: how much closer it is looked at, and where to. Pure; the picture takes pointer events. */

export interface Spot {
  readonly x: number;
  readonly y: number;
}

export interface Pinched {
  /** Under 1 where the fingers went apart: so much less is seen. */
  readonly factor: number;
  /** Between the fingers when the second came, and now. */
  readonly from: Spot;
  readonly to: Spot;
  /** The fingers came down more beside than above each other. */
  readonly isBeside: boolean;
}

/** Fingers that come down on nearly one place would zoom without end. */
const LEAST_PX = 24;

const between = (a: Spot, b: Spot): Spot => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
const apart = (a: Spot, b: Spot): number => Math.max(LEAST_PX, Math.hypot(a.x - b.x, a.y - b.y));

export class Pinch {
  private readonly fingers = new Map<number, Spot>();
  private began: { from: Spot; apart: number; isBeside: boolean } | null = null;
  private wasOn = false;

  /** From the second finger on until the last has gone: one finger that is left neither drags nor clicks. */
  get isOn(): boolean {
    return this.wasOn;
  }

  down(id: number, at: Spot): void {
    if (this.fingers.size === 2) return;
    this.fingers.set(id, at);
    const [a, b] = [...this.fingers.values()];
    if (!a || !b) return;
    this.began = { from: between(a, b), apart: apart(a, b), isBeside: Math.abs(a.x - b.x) >= Math.abs(a.y - b.y) };
    this.wasOn = true;
  }

  move(id: number, at: Spot): Pinched | null {
    if (!this.fingers.has(id)) return null;
    this.fingers.set(id, at);
    const [a, b] = [...this.fingers.values()];
    if (!a || !b || !this.began) return null;
    const { from, isBeside } = this.began;
    return { factor: this.began.apart / apart(a, b), from, to: between(a, b), isBeside };
  }

  /** A finger went, or was taken away; whether it was one of a pinch. */
  up(id: number): boolean {
    const was = this.wasOn;
    this.fingers.delete(id);
    this.began = null;
    if (this.fingers.size === 0) this.wasOn = false;
    return was;
  }
}
