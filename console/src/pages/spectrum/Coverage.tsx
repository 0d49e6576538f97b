/** What is watched and with which chance, and what is not: in plain sight, not behind a button. */
import { language, t } from "../../i18n";
import { venueName } from "../../state/names";
import { percent, seconds } from "../../text/format";
import { coverage } from "./data";
import { stripShare, STRIP_MHZ, TUNABLE } from "./strip";
import { words } from "./words";

/** Ranges as one text; the rest is counted. */
function listed(ranges: readonly { low_hz: number; high_hz: number }[], most: number): string {
  const shown = ranges.slice(0, most).map((one) => `${mhz(one.low_hz)}–${mhz(one.high_hz)}`);
  const rest = ranges.length - shown.length;
  return `${shown.join(", ")} MHz${rest > 0 ? ` +${rest}` : ""}`;
}

const mhz = (hz: number) => String(Math.round(hz / 1e5) / 10);

export function Blind() {
  const view = coverage.value;
  if (!view) return null;
  const watched = view.watched.filter((one) => one.listening);
  const share = watched.reduce((sum, one) => sum + (one.high_hz - one.low_hz), 0) / (TUNABLE.high - TUNABLE.low);
  const byVenue = new Map<string, { low_hz: number; high_hz: number }[]>();
  for (const one of view.unwatched) byVenue.set(one.venue ?? "", [...(byVenue.get(one.venue ?? "") ?? []), one]);
  return (
    <section class="blind-bands" data-testid="blind">
      <svg class="strip" viewBox="0 0 1000 14" preserveAspectRatio="none" role="img" aria-label={words.value.stripLabel(percent(share))}>
        <defs>
          <pattern id="unwatched" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="2" height="6" class="hatch" />
          </pattern>
        </defs>
        <rect width="1000" height="14" fill="url(#unwatched)" />
        {watched.map((one) => {
          const x = 1000 * stripShare(one.low_hz);
          return (
            <rect
              key={`${one.sensor}${one.low_hz}`}
              class="watched"
              x={x}
              width={Math.max(2, 1000 * stripShare(one.high_hz) - x)}
              height="14"
            />
          );
        })}
      </svg>
      <div class="strip-axis num" aria-hidden="true">
        {STRIP_MHZ.map((edge) => (
          <span key={edge} style={{ left: `${100 * stripShare(edge * 1e6)}%` }}>
            {edge}
          </span>
        ))}
      </div>
      {[...byVenue].map(([venue, ranges]) => (
        <p key={venue} class="num">
          <strong>
            {words.value.blind}
            {venue && ` · ${venueName(venue)}`}:
          </strong>{" "}
          {listed(ranges, 12)}
        </p>
      ))}
      {view.unwatched.length === 0 && <p>{words.value.blindAll}</p>}
    </section>
  );
}

const odds = (chance: number | null) => (chance === null ? "–" : percent(chance));

export function Coverage({ sensor }: { sensor: string }) {
  const rows = coverage.value?.watched.filter((one) => one.sensor === sensor) ?? [];
  const text = words.value;
  return (
    <section class="block" data-testid="coverage">
      <h3>{text.coverage}</h3>
      {rows.length === 0 && <p class="dim">{t.value.overview.noCoverage}</p>}
      {rows.length > 0 && (
        <table class="num tight">
          <thead>
            <tr>
              <th rowSpan={2}>{text.band}</th>
              <th rowSpan={2} class="right">
                {text.revisit}
              </th>
              <th colSpan={3} class="right">
                {text.chance}
              </th>
            </tr>
            <tr>
              <th class="right">0.1 s</th>
              <th class="right">1 s</th>
              <th class="right">5 s</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.low_hz} class={row.listening ? "" : "dim"}>
                <td>
                  {mhz(row.low_hz)}–{mhz(row.high_hz)}
                  <div class="dim">
                    {(language.value === "zh" ? row.service_zh : row.service_en) || "–"}
                    {row.weight !== null && ` · ${text.weight} ${row.weight}`}
                    {!row.listening && ` · ${text.away}`}
                  </div>
                </td>
                <td class="right">
                  {row.revisit_s === null ? "–" : row.revisit_s === 0 ? text.stays : seconds(row.revisit_s).join(" ")}
                </td>
                <td class="right">{odds(row.intercept_100ms)}</td>
                <td class="right">{odds(row.intercept_1s)}</td>
                <td class="right">{odds(row.intercept_5s)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
