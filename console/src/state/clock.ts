/** The server's clock: sessions and alerts follow it, whatever this machine's clock says. */
import { signal } from "@preact/signals";

let offset = 0;

export const now = signal(Date.now());

export function setServerTime(serverNow: number): void {
  if (Number.isFinite(serverNow)) offset = serverNow - Date.now();
}

export function startClock(): void {
  setInterval(() => {
    now.value = Date.now() + offset;
  }, 1000);
}
