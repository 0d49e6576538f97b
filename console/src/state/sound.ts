/** A tone for a grave alert: on unless it was silenced, and never before somebody has touched the page. */
import { signal } from "@preact/signals";
import type { AlertView } from "../api/schema";
import { now } from "./clock";
import { onAlert } from "./desk";

const KEPT = "examwatch.sound";
const NEWS_MS = 120_000;
/** In a storm one tone is enough. */
const PAUSE_MS = 4_000;
const MAX_KNOWN = 5_000;
const TONES_HZ = [880, 660, 880] as const;
const TONE_S = 0.18;

export const soundOn = signal(localStorage.getItem(KEPT) !== "off");
/** Browsers give no sound to a page that nobody has touched. */
export const touched = signal(false);
/** How often it has sounded, for whoever wants to see that it does. */
export const nTones = signal(0);

let audio: AudioContext | null = null;
let lastAt = -Infinity;
const sounded = new Set<string>();

/** Whether `alert` is worth a tone now: grave, fresh, and not sounded before. */
export function isWorth(alert: AlertView, at: number, known: ReadonlySet<string>): boolean {
  return alert.level === "critical" && alert.firing && !known.has(alert.fingerprint) && at - Date.parse(alert.updated_at) < NEWS_MS;
}

function tone(): void {
  audio ??= new AudioContext();
  void audio.resume();
  TONES_HZ.forEach((hz, number) => {
    if (!audio) return;
    const [begin, end] = [audio.currentTime + number * TONE_S, audio.currentTime + (number + 1) * TONE_S];
    const wave = new OscillatorNode(audio, { type: "triangle", frequency: hz });
    const gain = new GainNode(audio, { gain: 0 });
    gain.gain.setValueAtTime(0, begin);
    gain.gain.linearRampToValueAtTime(0.25, begin + 0.02);
    gain.gain.linearRampToValueAtTime(0, end);
    wave.connect(gain).connect(audio.destination);
    wave.start(begin);
    wave.stop(end);
  });
  nTones.value++;
}

function hear(alert: AlertView): void {
  if (!isWorth(alert, now.value, sounded)) return;
  sounded.add(alert.fingerprint);
  if (sounded.size > MAX_KNOWN) sounded.delete(sounded.values().next().value ?? "");
  const at = performance.now();
  if (!soundOn.value || !touched.value || at - lastAt < PAUSE_MS) return;
  lastAt = at;
  tone();
}

export function switchSound(): void {
  soundOn.value = !soundOn.value;
  localStorage.setItem(KEPT, soundOn.value ? "on" : "off");
  // Who turns it on wants to know how it sounds.
  if (soundOn.value && touched.value) tone();
}

export function startSound(): void {
  const touch = () => {
    touched.value = true;
  };
  addEventListener("pointerdown", touch, { once: true, capture: true });
  addEventListener("keydown", touch, { once: true, capture: true });
  onAlert(hear);
}
