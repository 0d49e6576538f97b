/** A sheet as a picture. In WebGL2 where the machine has graphics of its own, else in plain 2D; both show the same. */
import { paintGl } from "./paint-gl";
import { paintPlain } from "./paint-plain";
import type { Scale } from "./levels";
import type { Sheet } from "./sheet";
import type { Span } from "./span";

export interface Shown {
  readonly hz: Span;
  /** Lines older than the newest, at the top and the bottom edge. */
  readonly age: Span;
  readonly scale: Scale;
  /** Red, green, blue of what nobody listened to. */
  readonly unheard: readonly [number, number, number];
}

export interface Painter {
  readonly kind: "webgl2" | "2d";
  draw(sheet: Sheet, shown: Shown): void;
  close(): void;
}

/** `redraw` asks for a picture when what was drawn is lost. `?draw=` in the address asks for one of them, for who compares them. */
export function painterFor(canvas: HTMLCanvasElement, redraw: () => void): Painter {
  const asked = new URLSearchParams(location.search).get("draw");
  const painter = asked === "2d" ? null : paintGl(canvas, asked === "webgl2", redraw);
  return painter ?? paintPlain(canvas);
}
