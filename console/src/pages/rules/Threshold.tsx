import { useEffect, useState } from "preact/hooks";
import { send } from "../../api/client";
import type { CurveView, LimitView } from "../../api/schema";
import { decimal, percent } from "../../text/format";
import { useDoing } from "../parts/load";
import { Field, Refusal, Sheet } from "../parts/Parts";
import { HEIGHT, indexOf, scaleOf, shareY, steps, WIDTH } from "./curve";
import { Reach } from "./Reach";
import { plain } from "./text";
import { words } from "./words";

const nameOf = (limit: LimitView) => `${limit.selection}: ${limit.field}|${limit.modifier} ${plain(limit.value)}`;

function Plot({ view, at }: { view: CurveView; at: number }) {
  const say = words.value;
  const scale = scaleOf(view.points);
  const point = view.points[at];
  const recalls = view.points.filter((one) => one.recall !== null);
  return (
    <svg class="curve" viewBox={`-34 -8 ${WIDTH + 44} ${HEIGHT + 30}`} role="img" aria-label={say.limits}>
      <line class="axis" x1={0} x2={WIDTH} y1={HEIGHT} y2={HEIGHT} />
      <line class="axis" x1={0} x2={0} y1={0} y2={HEIGHT} />
      <text x={-4} y={8} text-anchor="end">
        {decimal(scale.top)}
      </text>
      <text x={-4} y={HEIGHT} text-anchor="end">
        0
      </text>
      <text x={0} y={HEIGHT + 14}>
        {plain(Math.min(...view.points.map((one) => one.threshold)))}
      </text>
      <text x={WIDTH} y={HEIGHT + 14} text-anchor="end">
        {plain(Math.max(...view.points.map((one) => one.threshold)))}
      </text>
      <path class="curve-line" d={steps(view.points, scale)} />
      {recalls.length > 1 && (
        <polyline class="curve-recall" points={recalls.map((one) => `${scale.x(one.threshold)},${shareY(one.recall ?? 0)}`).join(" ")} />
      )}
      <line class="curve-current" x1={scale.x(view.current)} x2={scale.x(view.current)} y1={0} y2={HEIGHT} />
      {point && <circle class="curve-point" cx={scale.x(point.threshold)} cy={scale.y(point.alerts_per_day)} r={4} />}
    </svg>
  );
}

/** One threshold moved over the past; the text follows the slider. */
export function Threshold({
  limits,
  text,
  move,
}: {
  limits: readonly LimitView[];
  text: string;
  move: (limit: LimitView, value: number) => void;
}) {
  const say = words.value;
  const doing = useDoing();
  const [chosen, setChosen] = useState(0);
  const [view, setView] = useState<CurveView | null>(null);
  const limit = limits[Math.min(chosen, limits.length - 1)];
  const meant = limit && `${limit.selection} ${limit.field} ${limit.modifier}`;
  // The slider is where the hand has put it, also while the server's word on the text is on its way.
  const [moved, setMoved] = useState<number | null>(null);
  useEffect(() => {
    setView(null);
    setMoved(null);
  }, [meant]);
  useEffect(() => setMoved(null), [limit?.value]);
  if (!limit) {
    return (
      <Sheet title={say.limits}>
        <p class="dim">{say.noLimits}</p>
      </Sheet>
    );
  }
  const trace = async () => {
    const body = { text, selection: limit.selection, field: limit.field };
    const found = await doing.run((csrf) => send<CurveView>("POST", "/api/rules/curve", csrf, body));
    if (found) setView(found);
  };
  const at = view ? indexOf(view.points, moved ?? limit.value) : 0;
  const point = view?.points[at];
  return (
    <Sheet title={say.limits} testid="threshold">
      <div class="form">
        <Field label={say.limit}>
          <select value={chosen} onChange={(event) => setChosen(Number(event.currentTarget.value))}>
            {limits.map((one, number) => (
              <option key={number} value={number}>
                {nameOf(one)}
              </option>
            ))}
          </select>
        </Field>
        <button type="button" class="button" disabled={doing.busy} onClick={() => void trace()}>
          {say.trace}
        </button>
      </div>
      {doing.busy && (
        <p class="dim" role="status">
          {say.tracing}
        </p>
      )}
      <Refusal error={doing.refusal} />
      {view && view.points.length < 2 && <p class="dim">{say.noPoints}</p>}
      {view && view.points.length > 1 && (
        <>
          <Plot view={view} at={at} />
          <Field label={nameOf(limit)}>
            <input
              type="range"
              min={0}
              max={view.points.length - 1}
              step={1}
              value={at}
              aria-valuetext={point && say.point(plain(point.threshold), decimal(point.alerts_per_day))}
              onInput={(event) => {
                const to = view.points[Number(event.currentTarget.value)];
                if (!to) return;
                setMoved(to.threshold);
                move(limit, to.threshold);
              }}
            />
          </Field>
          {point && (
            <p class="num" data-testid="point">
              <strong>
                {limit.field} {plain(point.threshold)}
              </strong>
              {" · "}
              {say.perDay(decimal(point.alerts_per_day))}
              {point.recall !== null && ` · ${say.recall(percent(point.recall))}`} · {say.nFalse(point.n_false)}
            </p>
          )}
        </>
      )}
      {view && <Reach of={view.reach} />}
    </Sheet>
  );
}
