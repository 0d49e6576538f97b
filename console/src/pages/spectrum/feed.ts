/** The live rows of one sensor: opened while somebody can see them, opened again when they break off. */
import { rowsOf, type Row } from "./wire";

export type FeedState = "opening" | "live" | "waiting" | "lost" | "cutOff";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;
/** The server's word that the sensor's edge does not answer. */
const CUT_OFF = 4503;
/** Without a row for so long the sensor gives nothing, though the line stands. */
const SILENT_MS = 3_000;

export interface FeedWorld {
  open(path: string): WebSocket;
  later(run: () => void, ms: number): number;
  cancel(timer: number): void;
  isHidden(): boolean;
  onVisibility(run: () => void): () => void;
}

export const browser: FeedWorld = {
  open: (path) => new WebSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${path}`),
  later: (run, ms) => window.setTimeout(run, ms),
  cancel: (timer) => clearTimeout(timer),
  isHidden: () => document.hidden,
  onVisibility: (run) => {
    document.addEventListener("visibilitychange", run);
    return () => document.removeEventListener("visibilitychange", run);
  },
};

/** Rows of `sensor` to `take` until the result is called. */
export function feed(
  sensor: string,
  take: (row: Row) => void,
  tell: (state: FeedState) => void,
  world: FeedWorld = browser,
): () => void {
  let socket: WebSocket | null = null;
  let pause = FIRST_PAUSE_MS;
  let again = 0;
  let silence = 0;
  let isOver = false;

  const listen = () => {
    world.cancel(silence);
    silence = world.later(() => tell("waiting"), SILENT_MS);
  };
  const hangUp = () => {
    world.cancel(again);
    world.cancel(silence);
    const old = socket;
    socket = null;
    old?.close();
  };
  const open = () => {
    hangUp();
    if (isOver || world.isHidden()) return;
    tell("opening");
    const mine = world.open(`/api/sensors/${encodeURIComponent(sensor)}/spectrum`);
    mine.binaryType = "arraybuffer";
    socket = mine;
    mine.onopen = listen;
    mine.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
      if (socket !== mine) return;
      const rows = rowsOf(data);
      if (rows.length === 0) return;
      pause = FIRST_PAUSE_MS;
      tell("live");
      listen();
      for (const row of rows) take(row);
    };
    mine.onclose = (event?: CloseEvent) => {
      if (socket !== mine) return;
      hangUp();
      tell(event?.code === CUT_OFF ? "cutOff" : "lost");
      again = world.later(open, pause);
      pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
    };
  };
  const away = world.onVisibility(open);
  open();
  return () => {
    isOver = true;
    away();
    hangUp();
  };
}
