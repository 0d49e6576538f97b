/** Numbers, units and times as the field writes them. Null is "not known" and stays null. */

const MINUS = "−";

function digits(value: number, places: number): string {
  return value.toFixed(places).replace("-", MINUS);
}

/** A frequency in MHz with as many decimals as tell channels of 100 Hz apart, and no idle zeros past kHz. */
export function megahertz(hz: number): string {
  const text = (hz / 1e6).toFixed(4);
  return text.endsWith("0") ? text.slice(0, -1) : text;
}

/** A value and its unit in the prefix that reads best. */
export function hertz(hz: number): [string, string] {
  if (Math.abs(hz) >= 1e6) return [megahertz(hz), "MHz"];
  if (Math.abs(hz) >= 1e3) return [digits(hz / 1e3, hz >= 1e5 ? 0 : 1), "kHz"];
  return [digits(hz, 0), "Hz"];
}

export function seconds(s: number): [string, string] {
  if (s < 1) return [digits(s * 1e3, 0), "ms"];
  if (s < 120) return [digits(s, s < 10 ? 2 : 1), "s"];
  return [digits(s / 60, 1), "min"];
}

export function decimal(value: number): string {
  if (Number.isInteger(value)) return digits(value, 0);
  return digits(value, Math.abs(value) < 1 ? 2 : 1);
}

export function percent(share: number): string {
  return `${digits(share * 100, share < 0.1 ? 1 : 0)} %`;
}

/** A value with the unit that `rules/event.py` states for it, rescaled for reading. */
export function measure(value: number, unit: string): [string, string] {
  if (unit === "Hz") return hertz(value);
  if (unit === "s") return seconds(value);
  return [decimal(value), unit];
}

/** Hours, minutes and seconds of a length of time. */
export function parts(ms: number): [h: number, min: number, s: number] {
  const s = Math.max(0, Math.floor(ms / 1000));
  return [Math.floor(s / 3600), Math.floor(s / 60) % 60, s % 60];
}

/** 0:07:45: always with its hours, so that it cannot be read as hours and minutes. */
export function countdown(ms: number): string {
  const [h, min, s] = parts(ms);
  return `${h}:${pad(min)}:${pad(s)}`;
}

const pad = (n: number) => String(n).padStart(2, "0");

export function timeOfDay(instant: string | number): string {
  const at = new Date(instant);
  return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
}

export function dayAndTime(instant: string | number): string {
  const at = new Date(instant);
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${timeOfDay(instant)}`;
}

/** From when to when, to the minute; the end's day where it is another one. */
export function span(start: string | number, end: string | number): string {
  const [from, to] = [dayAndTime(start).slice(0, 16), dayAndTime(end).slice(0, 16)];
  return `${from} – ${from.slice(0, 10) === to.slice(0, 10) ? to.slice(11) : to.slice(5)}`;
}

/** The time, with its day in front when that is not today. */
export function when(instant: string | number, now: number): string {
  const at = new Date(instant);
  if (at.toDateString() === new Date(now).toDateString()) return timeOfDay(instant);
  return `${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${timeOfDay(instant).slice(0, 5)}`;
}

/** A text of the server's with its universal times (`01:32:10Z`) as the clock here showed them on the day of `on`. */
export function atHome(text: string, on: string | number): string {
  const day = new Date(on);
  if (Number.isNaN(day.getTime())) return text;
  return text.replace(/\b\d\d:\d\d:\d\dZ/g, (time) => timeOfDay(`${day.toISOString().slice(0, 10)}T${time}`));
}

/** The zone that all times are shown in: UTC+8. */
export function zone(offsetMinutes = -new Date().getTimezoneOffset()): string {
  const sign = offsetMinutes < 0 ? MINUS : "+";
  const minutes = Math.abs(offsetMinutes);
  return `UTC${sign}${Math.floor(minutes / 60)}${minutes % 60 ? `:${pad(minutes % 60)}` : ""}`;
}

/** Round numbers inside low..high, about `n` of them, with the decimals that they need. */
export function ticks(low: number, high: number, n: number): { value: number; places: number }[] {
  const raw = (high - low) / Math.max(1, n);
  if (!(raw > 0) || !Number.isFinite(raw)) return [];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((m) => m * power >= raw * 0.999) ?? 10) * power;
  const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const found: { value: number; places: number }[] = [];
  for (let i = Math.ceil(low / step - 1e-9) + 0; i * step <= high + step * 1e-9; i++) found.push({ value: i * step, places });
  return found;
}
