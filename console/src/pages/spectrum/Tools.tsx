/** What is set on a plot: time, band, scale, what is laid over it. */
import { dayAndTime } from "../../text/format";
import type { Scope } from "./scope";
import { lookBack } from "./Plot";
import { words } from "./words";

const SPANS_S = [60, 600, 3600, 21600, 86400];
const LINES_S = [0.04, 0.2, 1];

export type Survey = "unknown" | "none" | "here" | "edge-too-old" | "cut-off";

interface Props {
  scope: Scope;
  survey: Survey;
  shift: (share: number) => void;
  pan: (share: number) => void;
  zoom: (factor: number) => void;
}

function Scaling({ scope }: { scope: Scope }) {
  const text = words.value;
  const scale = scope.scale.value;
  const set = (bottomDb: number, rangeDb: number) => {
    if (!Number.isFinite(bottomDb) || !(rangeDb >= 5 && rangeDb <= 120)) return;
    scope.isAuto.value = false;
    scope.scale.value = { bottomDb, rangeDb };
  };
  return (
    <span class="group">
      <label>
        <input
          type="checkbox"
          checked={scope.isAuto.value}
          onChange={(event) => {
            scope.isAuto.value = event.currentTarget.checked;
          }}
        />{" "}
        {text.auto}
      </label>
      <label>
        {text.bottom}{" "}
        <input
          type="number"
          class="num"
          step="1"
          min="-170"
          max="0"
          data-testid="bottom"
          value={scale?.bottomDb ?? ""}
          onChange={(event) => set(event.currentTarget.valueAsNumber, scale?.rangeDb ?? 45)}
        />
      </label>
      <label>
        {text.range}{" "}
        <input
          type="number"
          class="num"
          step="5"
          min="5"
          max="120"
          value={scale?.rangeDb ?? ""}
          onChange={(event) => set(scale?.bottomDb ?? -120, event.currentTarget.valueAsNumber)}
        />{" "}
        dB
      </label>
    </span>
  );
}

export function Tools({ scope, survey, shift, pan, zoom }: Props) {
  const text = words.value;
  const time = scope.time.value;
  const spanS = time ? Math.round((time.high - time.low) / 1000) : null;
  const template = scope.template;
  return (
    <div class="tools tools-set">
      <span class="group" role="group" aria-label={text.timeName}>
        <button type="button" class="button" aria-pressed={time === null} onClick={() => (scope.time.value = null)}>
          {text.time["live"]}
        </button>
        {SPANS_S.map((s) => (
          <button
            key={s}
            type="button"
            class="button"
            aria-pressed={spanS === s}
            onClick={() => {
              const end = scope.time.value?.high ?? Date.now();
              lookBack(scope, { low: end - s * 1000, high: end });
            }}
          >
            {text.time[s]}
          </button>
        ))}
        <button type="button" class="button" title={text.earlier} aria-label={text.earlier} onClick={() => shift(-0.5)}>
          ↓
        </button>
        <button
          type="button"
          class="button"
          title={text.later}
          aria-label={text.later}
          disabled={time === null}
          onClick={() => shift(0.5)}
        >
          ↑
        </button>
      </span>
      <span class="group">
        <button type="button" class="button" aria-label="←" onClick={() => pan(-0.25)}>
          ←
        </button>
        <button type="button" class="button" title={text.closer} aria-label={text.closer} onClick={() => zoom(0.5)}>
          +
        </button>
        <button type="button" class="button" title={text.further} aria-label={text.further} onClick={() => zoom(2)}>
          −
        </button>
        <button type="button" class="button" aria-label="→" onClick={() => pan(0.25)}>
          →
        </button>
        <button
          type="button"
          class="button"
          disabled={scope.hz.value === null}
          data-testid="whole"
          onClick={() => (scope.hz.value = null)}
        >
          {text.wholeBand}
        </button>
      </span>
      {time === null && (
        <label title={text.lineHint}>
          {text.line}{" "}
          <select onChange={(event) => scope.setLineS(Number(event.currentTarget.value))}>
            {LINES_S.map((s) => (
              <option key={s} value={s} selected={scope.lineS === s}>
                {s < 1 ? `${s * 1000} ms` : `${s} s`}
              </option>
            ))}
          </select>
        </label>
      )}
      {time === null && (
        <span class="group">
          <button
            type="button"
            class="button"
            aria-pressed={scope.holding.value}
            data-testid="hold"
            onClick={() => {
              scope.panorama?.forgetHold();
              scope.holding.value = !scope.holding.value;
            }}
          >
            {text.hold}
          </button>
          {scope.holding.value && (
            <button type="button" class="button" onClick={() => scope.panorama?.forgetHold()}>
              {text.forget}
            </button>
          )}
        </span>
      )}
      <span class="group">
        <button
          type="button"
          class="button"
          aria-pressed={scope.comparing.value}
          disabled={survey !== "here"}
          title={survey === "none" ? text.noTemplate : text.templateHint}
          data-testid="survey"
          onClick={() => (scope.comparing.value = !scope.comparing.value)}
        >
          {text.template}
        </button>
        {(survey === "edge-too-old" || survey === "cut-off") && <span class="dim">{text.surveyFar[survey]}</span>}
        {scope.comparing.value && template && (
          <span class="dim num">
            {text.surveyedAt(dayAndTime(template.surveyed_at).slice(0, 10), template.hour)}
            {template.settings_differ.length > 0 && <strong> {text.templateDiffers}</strong>}
          </span>
        )}
      </span>
      <Scaling scope={scope} />
    </div>
  );
}
