import { useState } from "preact/hooks";
import { evidenceUrl } from "../api/client";
import type { AlertView } from "../api/schema";
import { t } from "../i18n";
import { framed } from "../state/desk";
import { placeIn, spectrogramOf, type SpectrogramView } from "../state/event";
import { megahertz, ticks } from "../text/format";
import { Notice } from "./Notice";

const percent = (share: number) => `${share * 100}%`;
/** A burst may be a pixel wide: its frame is still seen. */
const SMALLEST_SHARE = 0.006;
const MARGIN_SHARE = 0.008;

function Frame({ view }: { view: SpectrogramView }) {
  if (!view.box || !framed.value) return null;
  const { x, y, width, height } = placeIn(view, view.box);
  const wide = Math.max(width, SMALLEST_SHARE) + 2 * MARGIN_SHARE;
  const high = Math.max(height, SMALLEST_SHARE) + 2 * MARGIN_SHARE;
  return (
    <div
      class="frame"
      data-testid="frame"
      style={{
        left: percent(x + width / 2 - wide / 2),
        top: percent(y + height / 2 - high / 2),
        width: percent(wide),
        height: percent(high),
      }}
    />
  );
}

function Axes({ view }: { view: SpectrogramView }) {
  const mhz = ticks(view.low_hz / 1e6, view.high_hz / 1e6, 5);
  const s = ticks(view.t0_s, view.t1_s, 8);
  return (
    <>
      <div class="axis axis-y num" aria-hidden="true">
        {mhz.map(({ value, places }) => (
          <span
            key={value}
            style={{ top: percent((view.high_hz / 1e6 - value) / ((view.high_hz - view.low_hz) / 1e6)) }}
          >
            {value.toFixed(Math.max(2, places))}
          </span>
        ))}
      </div>
      <div class="axis axis-x num" aria-hidden="true">
        {s.map(({ value, places }, index) => (
          <span key={value} style={{ left: percent((value - view.t0_s) / (view.t1_s - view.t0_s)) }}>
            {value.toFixed(places)}
            {index === s.length - 1 && <b>s</b>}
          </span>
        ))}
      </div>
    </>
  );
}

/** The picture of the moment: time to the right, frequency upwards, the emission framed by us. */
export function Spectrogram({ alert }: { alert: AlertView }) {
  const words = t.value.radio;
  const view = spectrogramOf(alert.event);
  const picture = alert.evidence.find((ref) => ref.digest === view?.digest) ??
    alert.evidence.find((ref) => ref.role === "spectrogram");
  const [failed, setFailed] = useState<string | null>(null);
  const [cursor, setCursor] = useState<{ x: number; y: number } | null>(null);
  if (!view || !picture) return <Notice title={words.noSpectrogram} />;
  if (failed === picture.digest) return <Notice title={words.spectrogramFailed} />;
  const box = view.box;
  const described = box
    ? words.describe(megahertz(box.low_hz), megahertz(box.high_hz), box.t0_s.toFixed(2), box.t1_s.toFixed(2))
    : words.spectrogram;
  return (
    <figure class="spectrogram">
      <figcaption>
        <h3>{words.spectrogram}</h3>
        <span class="num dim readout">
          {cursor &&
            `${megahertz(view.high_hz - cursor.y * (view.high_hz - view.low_hz))} MHz · ${(
              view.t0_s +
              cursor.x * (view.t1_s - view.t0_s)
            ).toFixed(2)} s`}
        </span>
        <button
          type="button"
          class="link"
          aria-pressed={framed.value}
          title={words.frameHint}
          onClick={() => {
            framed.value = !framed.value;
          }}
        >
          {words.frame}
        </button>
      </figcaption>
      <div class="plot">
        <div
          class="picture"
          onPointerMove={(event) => {
            const area = event.currentTarget.getBoundingClientRect();
            setCursor({ x: (event.clientX - area.left) / area.width, y: (event.clientY - area.top) / area.height });
          }}
          onPointerLeave={() => setCursor(null)}
        >
          <img
            src={evidenceUrl(picture.digest)}
            alt={described}
            draggable={false}
            onError={() => setFailed(picture.digest)}
          />
          <Frame view={view} />
          {cursor && (
            <>
              <div class="hair hair-x" style={{ left: percent(cursor.x) }} />
              <div class="hair hair-y" style={{ top: percent(cursor.y) }} />
            </>
          )}
        </div>
        <Axes view={view} />
        <span class="axis-name">MHz</span>
      </div>
    </figure>
  );
}
