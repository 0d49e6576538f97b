/** The tour of the first start: shown once in a browser, and whenever it is asked for. */
import { signal } from "@preact/signals";

const KEPT = "examwatch.tour";

/** Which step is shown; null while there is no tour. */
export const tourStep = signal<number | null>(localStorage.getItem(KEPT) === "seen" ? null : 0);

export function showTour(): void {
  tourStep.value = 0;
}

export function leaveTour(): void {
  tourStep.value = null;
  localStorage.setItem(KEPT, "seen");
}

/** The step `by` further; past the last the tour is over. */
export function walkTour(by: number, nSteps: number): void {
  const to = (tourStep.value ?? 0) + by;
  if (to >= nSteps) leaveTour();
  else tourStep.value = Math.max(0, to);
}
