/** The drawn map: grid and scale, the user's plan and outlines, venues, sensors with their levels, the area. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { AreaView, MapView, SensorHealth } from "../../api/schema";
import { language, t } from "../../i18n";
import { now } from "../../state/clock";
import { health } from "../../state/desk";
import { barShare } from "./Area";
import { Pinch } from "../../ui/pinch";
import { clockOf } from "./clock";
import { extentOf, gridLines, lengthOf, pinched, planMatrix, roundBelow, shapesOf, zoomedAt, type Extent, type Flat } from "./flat";
import { toMap } from "./Page";
import { words } from "./words";

const LEAST_M = 300;
const GRID_PX = 90;
/** A name of the plan gives way to a sensor or venue that stands on it. */
const LIFT_PX = 20;
const NEAR_PX = { x: 70, y: 14 };
/** Outlines' names are shown while the map is this many metres high at most. */
const NAMES_M = 1500;

interface Props {
  view: MapView;
  flat: Flat;
  sensors: readonly SensorHealth[];
  venue: string | null;
  area: AreaView | null;
}

type Placed<T> = T & { place: [number, number] };

function placed<T extends { lat: number | null; lon: number | null }>(list: readonly T[], flat: Flat): Placed<T>[] {
  return list.flatMap((one) =>
    one.lat === null || one.lon === null ? [] : [{ ...one, place: flat.at({ lat: one.lat, lon: one.lon }) }],
  );
}

/** The mark's outline tells the state too: circle, triangle, cross, ring. */
function SensorMark({ state, size }: { state: SensorHealth["state"] | "unknown"; size: number }) {
  if (state === "ok") return <circle r={size} class="sensor-ok" />;
  if (state === "silent") return <path d={`M0 ${-size * 1.2}L${size * 1.2} ${size}H${-size * 1.2}Z`} class="sensor-silent" />;
  if (state === "failed") {
    return <path d={`M${-size} ${-size}L${size} ${size}M${size} ${-size}L${-size} ${size}`} class="sensor-failed" stroke-width={size / 2.2} />;
  }
  return <circle r={size} class="sensor-ring" stroke-width={size / 2.5} />;
}

function useSize(): [ref: (element: HTMLElement | null) => void, size: { width: number; height: number }] {
  const [element, setElement] = useState<HTMLElement | null>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    if (!element) return undefined;
    const fit = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    const watch = new ResizeObserver(fit);
    watch.observe(element);
    fit();
    return () => watch.disconnect();
  }, [element]);
  return [setElement, size];
}

/** Right of here a name would run out of the picture: it stands left of its venue. */
const LABEL_SHARE = 0.75;

function spotIn(event: { currentTarget: Element; clientX: number; clientY: number }): { x: number; y: number } {
  const box = event.currentTarget.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

export function Ground({ view, flat, sensors, venue, area }: Props) {
  const [hold, size] = useSize();
  const [moved, setMoved] = useState<Extent | null>(null);
  const drag = useRef<{ x: number; y: number; extent: Extent; isMoved: boolean } | null>(null);
  const fingers = useRef(new Pinch());
  const pinchedFrom = useRef<Extent | null>(null);
  const venues = placed(view.venues, flat);
  const stands = placed(view.sensors, flat);
  const outlines = useMemo(() => shapesOf(view.outlines, flat), [view.outlines, flat]);
  const areas = useMemo(() => (area ? shapesOf(area.area, flat).filter((one) => one.isArea) : []), [area, flat]);
  const states = new Map(sensors.map((one) => [one.id, one.state]));
  const levels = new Map(area?.levels.map((one) => [one.sensor, one]) ?? []);
  const strongest = area?.levels[0]?.level_db ?? 0;
  const inView = [
    ...venues.filter((one) => venue === null || one.id === venue).map((one) => one.place),
    ...stands.filter((one) => venue === null || one.venue === venue).map((one) => one.place),
    ...areas.flatMap((one) => one.corners),
  ];
  const points = [...venues, ...stands].map((one) => one.place);
  const isUnderPoint = ([x, y]: readonly [number, number]) =>
    points.some((at) => Math.abs(at[0] - x) < NEAR_PX.x * px && Math.abs(at[1] - y) < NEAR_PX.y * px);
  const aspect = size.height > 0 ? size.width / size.height : 1.5;
  const extent = moved ? { ...moved, width: moved.height * aspect } : extentOf(inView, LEAST_M, aspect);
  const px = size.height > 0 ? extent.height / size.height : 1;
  const step = roundBelow(GRID_PX * 2 * px);
  const matrix = view.plan ? planMatrix(view.plan.corners, flat) : null;
  const text = words.value;
  const zoom = (factor: number, x = 0.5, y = 0.5) => setMoved(zoomedAt(extent, x, y, factor));
  return (
    <div class="ground" ref={hold}>
      <svg
        viewBox={`${extent.x} ${extent.y} ${extent.width} ${extent.height}`}
        role="group"
        aria-label={text.mapLabel(venues.length, stands.length)}
        data-testid="ground"
        onWheel={(event) => {
          event.preventDefault();
          const box = event.currentTarget.getBoundingClientRect();
          zoom(
            Math.exp(Math.min(100, Math.max(-100, event.deltaY)) / 300),
            (event.clientX - box.left) / box.width,
            (event.clientY - box.top) / box.height,
          );
        }}
        onPointerDown={(event) => {
          fingers.current.down(event.pointerId, spotIn(event));
          if (fingers.current.isOn) {
            event.currentTarget.setPointerCapture(event.pointerId);
            pinchedFrom.current = extent;
            drag.current = null;
            return;
          }
          drag.current = { x: event.clientX, y: event.clientY, extent, isMoved: false };
        }}
        onPointerMove={(event) => {
          const pinch = fingers.current.move(event.pointerId, spotIn(event));
          if (pinch && pinchedFrom.current) setMoved(pinched(pinchedFrom.current, pinch, size.width, size.height));
          if (fingers.current.isOn) return;
          const held = drag.current;
          if (!held || event.buttons === 0) return;
          const [dx, dy] = [event.clientX - held.x, event.clientY - held.y];
          if (!held.isMoved && Math.hypot(dx, dy) < 4) return;
          if (!held.isMoved) event.currentTarget.setPointerCapture(event.pointerId);
          held.isMoved = true;
          setMoved({ ...held.extent, x: held.extent.x - dx * px, y: held.extent.y - dy * px });
        }}
        onPointerUp={(event) => {
          fingers.current.up(event.pointerId);
          drag.current = null;
        }}
        onPointerCancel={(event) => {
          fingers.current.up(event.pointerId);
          drag.current = null;
        }}
      >
        <g class="grid" stroke-width={px}>
          {gridLines(extent.x, extent.x + extent.width, step).map((x) => (
            <line key={`x${x}`} x1={x} x2={x} y1={extent.y} y2={extent.y + extent.height} />
          ))}
          {gridLines(extent.y, extent.y + extent.height, step).map((y) => (
            <line key={`y${y}`} x1={extent.x} x2={extent.x + extent.width} y1={y} y2={y} />
          ))}
        </g>
        {matrix && (
          <image href="/api/map/plan" width="1" height="1" preserveAspectRatio="none" transform={matrix} class="plan" />
        )}
        <g class="outlines" stroke-width={1.2 * px}>
          {outlines.map((one) => (
            <path key={one.path} d={one.path} class={one.isArea ? "outline-area" : "outline-line"} />
          ))}
        </g>
        {extent.height <= NAMES_M && (
          <g class="names" font-size={10.5 * px}>
            {outlines
              .filter((one) => one.name[language.value])
              .map((one) => (
                <text key={one.path} x={one.middle[0]} y={one.middle[1] - (isUnderPoint(one.middle) ? LIFT_PX * px : 0)}>
                  {one.name[language.value]}
                </text>
              ))}
          </g>
        )}
        <defs>
          <pattern id="area-hatch" width={7 * px} height={7 * px} patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width={2 * px} height={7 * px} class="area-line" />
          </pattern>
        </defs>
        {areas.map((one) => (
          <path key={one.path} d={one.path} class="area" fill="url(#area-hatch)" stroke-width={2 * px} data-testid="area-shape" />
        ))}
        {venues.map((one) => {
          const clock = clockOf(health.value?.sessions ?? [], one.id, now.value);
          return (
            <g
              key={one.id}
              class={`venue ${venue === one.id ? "is-chosen" : ""}`}
              transform={`translate(${one.place[0]} ${one.place[1]}) scale(${px})`}
              onClick={() => {
                if (!drag.current?.isMoved) toMap({ venue: venue === one.id ? null : one.id });
              }}
            >
              <rect x="-7" y="-7" width="14" height="14" />
              <text {...(one.place[0] > extent.x + extent.width * LABEL_SHARE ? { x: -12, "text-anchor": "end" } : { x: 12 })} y="4">
                {language.value === "zh" ? one.name_zh : one.name_en}
                {clock && ` · ${t.value.phase[clock.phase]}`}
              </text>
            </g>
          );
        })}
        {stands.map((one) => {
          const level = levels.get(one.id);
          return (
            <g key={one.id} class="sensor" transform={`translate(${one.place[0]} ${one.place[1]}) scale(${px})`}>
              {level && <circle class="level-ring" r={12 + 22 * barShare(level.level_db, strongest)} />}
              <SensorMark state={states.get(one.id) ?? "unknown"} size={6} />
              <text x="0" y="20" class="sensor-name">
                {one.id}
                {level && ` ${level.level_db.toFixed(0).replace("-", "−")} dB`}
              </text>
            </g>
          );
        })}
      </svg>
      <div class="ground-tools">
        <button type="button" class="button" aria-label={text.closer} title={text.closer} onClick={() => zoom(0.6)}>
          +
        </button>
        <button type="button" class="button" aria-label={text.further} title={text.further} onClick={() => zoom(1.6)}>
          −
        </button>
        <button type="button" class="button" disabled={moved === null} onClick={() => setMoved(null)}>
          {text.whole}
        </button>
      </div>
      <div class="ground-legend dim">
        <span>■ {text.legendVenue}</span>
        <span>● {text.legendSensor}</span>
        {areas.length > 0 && <span>▨ {text.legendArea}</span>}
      </div>
      <div class="scale num" data-testid="scale">
        <span style={{ width: `${step / px}px` }} />
        {lengthOf(step)}
      </div>
    </div>
  );
}
