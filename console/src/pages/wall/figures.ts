/** What the wall counts. Pure. */
import type { HealthView, SensorHealth } from "../../api/schema";

/**
 * The chance that a burst of 1 s in a watched band is heard, bands weighted by their width; of a sensor
 * that gives nothing it is 0. Null while no sensor has told.
 */
export function heardShare(sensors: readonly SensorHealth[]): number | null {
  let [width, heard] = [0, 0];
  for (const sensor of sensors) {
    for (const band of sensor.bands) {
      if (band.intercept_1s === null) continue;
      const hz = band.high_hz - band.low_hz;
      width += hz;
      if (sensor.state === "ok") heard += hz * band.intercept_1s;
    }
  }
  return width > 0 ? heard / width : null;
}

export interface Trouble {
  readonly id: string;
  readonly state: "silent" | "failed";
}

/** Parts that give nothing, the failed before the silent. */
export function troubles(parts: HealthView["sensors"] | HealthView["sources"]): Trouble[] {
  const found = parts.flatMap(({ id, state }) => (state === "failed" || state === "silent" ? [{ id, state }] : []));
  return found.sort((a, b) => a.state.localeCompare(b.state) || a.id.localeCompare(b.id));
}
