/** What was read lately, so that it need not be read again at once: a few, and each for a short time. */

export interface KeptWorld {
  readonly most: number;
  readonly freshMs: number;
  readonly now: () => number;
}

export class Kept<T> {
  private readonly held = new Map<string, { readonly of: T; readonly at: number }>();

  private readonly onTheWay = new Map<string, symbol>();

  constructor(private readonly world: KeptWorld) {}

  get size(): number {
    return this.held.size;
  }

  /** Read it and keep it, unless it was dropped meanwhile: then what comes is older than what is known. */
  async read(key: string, work: () => Promise<T>): Promise<T> {
    const mine = Symbol(key);
    this.onTheWay.set(key, mine);
    try {
      const of = await work();
      if (this.onTheWay.get(key) === mine) this.put(key, of);
      return of;
    } finally {
      if (this.onTheWay.get(key) === mine) this.onTheWay.delete(key);
    }
  }

  /** The one that was longest not asked for goes first. */
  put(key: string, of: T): void {
    this.held.delete(key);
    this.held.set(key, { of, at: this.world.now() });
    for (const oldest of this.held.keys()) {
      if (this.held.size <= this.world.most) break;
      this.held.delete(oldest);
    }
  }

  get(key: string): T | null {
    const found = this.held.get(key);
    if (!found) return null;
    this.held.delete(key);
    this.held.set(key, found);
    return found.of;
  }

  isFresh(key: string): boolean {
    const found = this.held.get(key);
    return found !== undefined && this.world.now() - found.at < this.world.freshMs;
  }

  drop(...keys: readonly string[]): void {
    for (const key of keys) {
      this.held.delete(key);
      this.onTheWay.delete(key);
    }
  }

  clear(): void {
    this.held.clear();
    this.onTheWay.clear();
  }
}
