import { language, t } from "../i18n";
import { fields } from "../state/desk";
import { now } from "../state/clock";
import { nextInRhythm, numberOf, type FlatEvent } from "../state/event";
import { measure, percent, timeOfDay } from "../text/format";

const RADIO = [
  "center_hz",
  "bandwidth_hz",
  "snr_db",
  "peak_dbfs",
  "modulation",
  "confidence",
  "content",
  "symbol_rate",
  "duration_s",
  "on_time_s",
  "duty_cycle",
  "bursts",
  "burst_period_s",
  "next_burst_at",
  "n_repeats",
  "n_sensors",
  "new",
  "service",
  "band_weight",
  "sensor",
  "minutes_from_start",
];
const WEB = [
  "minutes_from_start",
  "paper_likeness",
  "bank_containment",
  "bank_longest_run",
  "n_reposts",
  "has_image",
  "has_qr",
  "edited",
  "placeholder",
];
const SHARES = new Set(["duty_cycle", "confidence", "paper_likeness", "bank_containment"]);

/** A value for a person, with its unit; null is "not known", never a zero. */
export function shown(name: string, value: unknown, unit: string): [string, string] | null {
  const words = t.value;
  if (value === null || value === undefined || value === "") return null;
  if (name === "new") return [value === true ? words.radio.isNew : words.radio.isKnown, ""];
  if (typeof value === "boolean") return [value ? (words.measure["yes"] ?? "") : (words.measure["no"] ?? ""), ""];
  if (typeof value === "number") return SHARES.has(name) ? [percent(value), ""] : measure(value, unit);
  if (name === "modulation") return [words.radio.modulation[String(value)] ?? String(value), ""];
  if (name === "content") return [words.radio.content[String(value)] ?? String(value), ""];
  return [String(value), ""];
}

/** When a search team should listen: one that is past was missed, and the rhythm goes on. */
function nextBurst(event: FlatEvent, at: number): [string, string] | null {
  const due = nextInRhythm(event, at);
  if (due === null) return null;
  const within = numberOf(event, "next_burst_within_s") ?? 0;
  return [timeOfDay(due), `± ${Math.max(1, Math.ceil(within))} s`];
}

export function Measures({ event, kind }: { event: FlatEvent; kind: "radio" | "web" }) {
  const words = t.value;
  const table = fields.value[kind] ?? {};
  const rows = (kind === "radio" ? RADIO : WEB)
    .map((name) => ({
      name,
      value:
        name === "next_burst_at" ? nextBurst(event, now.value) : shown(name, event[name], table[name]?.unit ?? ""),
    }))
    .filter(({ value }) => kind === "radio" || value !== null);
  if (rows.length === 0) return null;
  return (
    <section class="block">
      <h3>{words.alert.measures}</h3>
      <dl class="measures">
        {rows.map(({ name, value }) => (
          <div key={name} data-measure={name}>
            <dt title={table[name]?.[language.value]}>{words.measure[name] ?? table[name]?.[language.value] ?? name}</dt>
            <dd class="num">
              {value ? (
                <>
                  {value[0]}
                  {value[1] && <small> {value[1]}</small>}
                </>
              ) : (
                <span class="dim" title={words.radio.unknown}>
                  –
                </span>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
