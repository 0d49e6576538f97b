/** One beat for all that moves on the page: each frame every plot draws what has changed. */
import { signal } from "@preact/signals";

export interface Beat {
  /** Frames of the last second. */
  readonly fps: number;
  /** Pictures that changed in the last second, of all plots. */
  readonly drawn: number;
}

export const beat = signal<Beat>({ fps: 0, drawn: 0 });

/** Draws if there is something new, and says whether there was. */
export type Draw = () => boolean;

const draws = new Set<Draw>();
let asked = 0;
let [nFrames, nDrawn, since] = [0, 0, 0];

function frame(now: number): void {
  asked = requestAnimationFrame(frame);
  nFrames++;
  for (const draw of draws) if (draw()) nDrawn++;
  if (now - since >= 1000) {
    const seconds = (now - since) / 1000;
    beat.value = { fps: Math.round(nFrames / seconds), drawn: Math.round(nDrawn / seconds) };
    [nFrames, nDrawn, since] = [0, 0, now];
  }
}

/** Call `draw` in each frame; the result ends that. */
export function eachFrame(draw: Draw): () => void {
  draws.add(draw);
  if (!asked) {
    [nFrames, nDrawn, since] = [0, 0, performance.now()];
    asked = requestAnimationFrame(frame);
  }
  return () => {
    draws.delete(draw);
    if (draws.size === 0) {
      cancelAnimationFrame(asked);
      asked = 0;
    }
  };
}
