/** Live sound of a channel: what comes over the socket is played a moment later, without seams. */
import { signal } from "@preact/signals";

export const PCM_RATE_HZ = 16000;
/** Kept ahead of the ear, so that a late message is not heard as a gap. */
const AHEAD_S = 0.3;
/** What would be heard later than this is left out: who listens hears the present. */
const MOST_AHEAD_S = 3;

/** Why it ended: the sensor's edge does not answer, or cannot do it yet, or the sensor says no, with its reason. */
export type Ended = "server" | "cutOff" | "tooOld" | "refused";
const ENDED: Record<number, Ended> = { 4503: "cutOff", 4505: "tooOld", 4409: "refused" };

export type Listening =
  | { state: "off" }
  | { state: "opening" | "sound" | "silent"; channel: string }
  | { state: "ended"; channel: string; why: Ended; reason: string }
  | { state: "away"; channel: string; awayHz: number };

export const listening = signal<Listening>({ state: "off" });
/** Pieces of sound that came too late, since it began. */
export const nLate = signal(0);

let stop: (() => void) | null = null;

/** Signed 16 bit, little-endian, as -1 to 1. */
export function samplesOf(pcm: ArrayBuffer): Float32Array<ArrayBuffer> {
  const view = new DataView(pcm);
  const samples = new Float32Array(Math.floor(pcm.byteLength / 2));
  for (let i = 0; i < samples.length; i++) samples[i] = view.getInt16(2 * i, true) / 32768;
  return samples;
}

/** What a text message says, as the state that it means; a number says how many pieces came too late. */
export function toldBy(text: string, channel: string): Listening | number {
  const told = JSON.parse(text) as { away_hz: number | null } | { n_dropped: number };
  if ("n_dropped" in told) return told.n_dropped;
  return told.away_hz === null ? { state: "silent", channel } : { state: "away", channel, awayHz: told.away_hz };
}

export const endedBy = (code: number, reason: string, channel: string): Listening => ({
  state: "ended",
  channel,
  why: ENDED[code] ?? "server",
  reason,
});

export function stopListening(): void {
  stop?.();
  stop = null;
  listening.value = { state: "off" };
}

export function listen(sensor: string, hz: number, mode: "nfm" | "am"): void {
  stopListening();
  const channel = `${sensor} ${Math.round(hz)} ${mode}`;
  const audio = new AudioContext({ sampleRate: PCM_RATE_HZ });
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const query = new URLSearchParams({ hz: String(hz), mode });
  const path = `/api/sensors/${encodeURIComponent(sensor)}/listen?${query}`;
  const socket = new WebSocket(`${scheme}//${location.host}${path}`);
  socket.binaryType = "arraybuffer";
  let next = 0;
  nLate.value = 0;
  listening.value = { state: "opening", channel };
  socket.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
    if (typeof data === "string") {
      const told = toldBy(data, channel);
      if (typeof told === "number") nLate.value = told;
      else listening.value = told;
      return;
    }
    const samples = samplesOf(data);
    if (!samples.length) return;
    if (next - audio.currentTime > MOST_AHEAD_S) return;
    const buffer = audio.createBuffer(1, samples.length, PCM_RATE_HZ);
    buffer.copyToChannel(samples, 0);
    const player = audio.createBufferSource();
    player.buffer = buffer;
    player.connect(audio.destination);
    next = Math.max(next, audio.currentTime + AHEAD_S);
    player.start(next);
    next += buffer.duration;
    if (listening.value.state !== "sound") listening.value = { state: "sound", channel };
  };
  socket.onclose = ({ code, reason }: CloseEvent) => {
    void audio.close();
    if (stop === end) listening.value = endedBy(code, reason, channel);
  };
  const end = () => socket.close();
  stop = end;
}
