/** The picture of one sensor: a waterfall, and over it all that is measured and marked. */
import { useEffect, useRef } from "preact/hooks";
import { megahertz } from "../../text/format";
import { theme } from "../../state/theme";
import { Pinch, type Pinched } from "../../ui/pinch";
import { drawOver, paletteOf, placesOf, type Frame, type Palette } from "./draw";
import { holds, hzAt, layoutOf, type Layout } from "./layout";
import { dbOf } from "./levels";
import { eachFrame } from "./loop";
import { painterFor, type Painter } from "./paint";
import type { Scope, Spot } from "./scope";
import { inside, moved, width, zoomed, type Span } from "./span";
import { words } from "./words";

const LEAST_BINS = 16;
const CLICK_PX = 4;
/** Dragged down so far, the live picture becomes the past. */
const INTO_PAST_PX = 24;
const FIRST_PAST_MS = 120_000;
const SHORTEST_PAST_MS = 20_000;
const LONGEST_PAST_MS = 7 * 86_400_000;

/** What is in the picture now: null while there is nothing to draw. */
function frameOf(scope: Scope, layout: Layout): Frame | null {
  const [sheet, hz, scale] = [scope.sheet, scope.shownHz, scope.scale.value];
  if (!sheet || !hz || !scale) return null;
  const time = scope.time.value;
  if (time && scope.past) {
    const { time: kept, stepMs } = scope.past;
    const age = { low: (kept.high - time.high) / stepMs, high: (kept.high - time.low) / stepMs };
    return { layout, hz, scale, age, sheet, time };
  }
  const [newest, oldest] = [sheet.timeAt(0), sheet.timeAt(Math.min(sheet.nPushed, layout.fall.height) - 1)];
  const known = Number.isNaN(newest) || Number.isNaN(oldest) ? null : { low: oldest, high: newest };
  return { layout, hz, scale, age: { low: 0, high: layout.fall.height }, sheet, time: known };
}

function rgbOf(colour: string): [number, number, number] {
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour);
  return hex ? [parseInt(hex[1] ?? "0", 16), parseInt(hex[2] ?? "0", 16), parseInt(hex[3] ?? "0", 16)] : [0, 0, 0];
}

/** Owns the canvases of one plot: sized with their box, drawn in the page's one beat. */
class Stage {
  layout: Layout;
  frame: Frame | null = null;
  private readonly painter: Painter;
  private readonly context: CanvasRenderingContext2D | null;
  private colours: Palette;
  private line = new Uint8Array(0);
  private readonly ends: (() => void)[] = [];

  constructor(
    private readonly box: HTMLElement,
    private readonly fall: HTMLCanvasElement,
    private readonly over: HTMLCanvasElement,
    private readonly scope: Scope,
  ) {
    this.painter = painterFor(fall, () => scope.touch());
    this.fall.dataset["painter"] = this.painter.kind;
    this.context = over.getContext("2d");
    this.colours = paletteOf(box);
    this.layout = layoutOf(0, 0, scope.isSmall);
    this.fit();
    const watch = new ResizeObserver(() => this.fit());
    watch.observe(box);
    this.ends.push(() => watch.disconnect(), eachFrame(() => this.draw()));
  }

  recolour(): void {
    this.colours = paletteOf(this.box);
    this.scope.touch();
  }

  close(): void {
    for (const end of this.ends) end();
    this.painter.close();
  }

  private fit(): void {
    const { clientWidth, clientHeight } = this.box;
    this.layout = layoutOf(clientWidth, clientHeight, this.scope.isSmall);
    const { fall } = this.layout;
    Object.assign(this.fall.style, { left: `${fall.x}px`, top: `${fall.y}px` });
    Object.assign(this.fall.style, { width: `${fall.width}px`, height: `${fall.height}px` });
    // Setting a size wipes the picture, the same size too.
    if (this.fall.width !== fall.width) this.fall.width = fall.width;
    if (this.fall.height !== fall.height) this.fall.height = fall.height;
    const ratio = Math.min(2, devicePixelRatio || 1);
    [this.over.width, this.over.height] = [clientWidth * ratio, clientHeight * ratio];
    this.line = new Uint8Array(fall.width);
    this.scope.touch();
  }

  private draw(): boolean {
    if (!this.scope.isDirty || this.layout.fall.width < 2) return false;
    this.scope.isDirty = false;
    const frame = (this.frame = frameOf(this.scope, this.layout));
    if (!this.context) return false;
    const ratio = this.over.width / Math.max(1, this.box.clientWidth);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.clearRect(0, 0, this.box.clientWidth, this.box.clientHeight);
    this.fall.hidden = frame === null;
    if (!frame) return false;
    const { hz, age, scale, sheet } = frame;
    this.painter.draw(sheet, { hz, age, scale, unheard: rgbOf(this.colours.panel) });
    drawOver(this.context, this.scope, frame, this.colours, this.line);
    return true;
  }
}

function spotAt(scope: Scope, stage: Stage, x: number, y: number): Spot | null {
  const { frame, layout } = stage;
  if (!frame || x < layout.fall.x || x > layout.fall.x + layout.fall.width) return null;
  const hz = hzAt(layout.fall, x, frame.hz);
  if (y < layout.fall.y) return { hz, db: scope.time.value ? dbOf(strongest(frame, hz)) : scope.levelAt(hz), at: null };
  const age = frame.age.low + ((y - layout.fall.y) / layout.fall.height) * width(frame.age);
  const at = scope.time.value
    ? scope.time.value.high - ((y - layout.fall.y) / layout.fall.height) * width(scope.time.value)
    : frame.sheet.timeAt(age);
  return { hz, db: dbOf(frame.sheet.codeAt(hz, age)), at: Number.isNaN(at) ? null : at };
}

function strongest(frame: Frame, hz: number): number {
  let top = 0;
  for (let age = Math.max(0, Math.floor(frame.age.low)); age < frame.age.high; age++) {
    top = Math.max(top, frame.sheet.codeAt(hz, age));
  }
  return top;
}

function setMark(scope: Scope, spot: Spot): void {
  if (scope.a.value && !scope.b.value) scope.b.value = spot;
  else [scope.a.value, scope.b.value] = [spot, null];
}

export function look(scope: Scope, hz: Span): void {
  const whole = scope.whole;
  if (!whole) return;
  scope.hz.value = width(hz) >= width(whole) * 0.999 ? null : inside(hz, whole);
}

export function zoomBy(scope: Scope, factor: number, share = 0.5): void {
  const [whole, hz] = [scope.whole, scope.shownHz];
  if (!whole || !hz) return;
  const least = (scope.sheet?.binHz ?? 100) * LEAST_BINS;
  look(scope, zoomed(hz, share, factor, whole, Math.min(least, width(whole))));
}

/** Move the stretch of time; its end never lies ahead of now. */
export function lookBack(scope: Scope, time: Span): void {
  const late = Math.max(0, time.high - Date.now());
  scope.time.value = { low: time.low - late, high: time.high - late };
}

/** Two fingers beside each other look closer at the band, above each other at the time. */
function pinchTo(scope: Scope, layout: Layout, before: { hz: Span; time: Span | null }, pinch: Pinched): void {
  const whole = scope.whole;
  if (!whole) return;
  const { fall } = layout;
  const { factor, from, to, isBeside } = pinch;
  if (isBeside) {
    const least = Math.min((scope.sheet?.binHz ?? 100) * LEAST_BINS, width(whole));
    const share = Math.min(1, Math.max(0, (from.x - fall.x) / fall.width));
    look(scope, moved(zoomed(before.hz, share, factor, whole, least), -(to.x - from.x) / fall.width, whole));
    return;
  }
  const time = before.time ?? { low: Date.now() - FIRST_PAST_MS, high: Date.now() };
  const wide = Math.min(LONGEST_PAST_MS, Math.max(SHORTEST_PAST_MS, width(time) * factor));
  const by = ((to.y - from.y) / fall.height) * wide;
  lookBack(scope, { low: time.high - wide + by, high: time.high + by });
}

interface Drag {
  x: number;
  y: number;
  hz: Span;
  time: Span | null;
  isMoved: boolean;
}

function onKey(event: KeyboardEvent, scope: Scope): void {
  const hz = scope.shownHz;
  if (!hz || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = (width(hz) / 400) * (event.shiftKey ? 20 : 1);
  const here = scope.cursor.value?.hz ?? (hz.low + hz.high) / 2;
  const to = (value: number) => {
    const clamped = Math.min(hz.high, Math.max(hz.low, value));
    scope.cursor.value = { hz: clamped, db: scope.levelAt(clamped), at: null };
  };
  const acts: Record<string, () => void> = {
    ArrowLeft: () => to(here - step),
    ArrowRight: () => to(here + step),
    Enter: () => scope.cursor.value && setMark(scope, scope.cursor.value),
    "+": () => zoomBy(scope, 0.5, (here - hz.low) / width(hz)),
    "=": () => zoomBy(scope, 0.5, (here - hz.low) / width(hz)),
    "-": () => zoomBy(scope, 2),
    "0": () => (scope.hz.value = null),
    Escape: () => {
      [scope.a.value, scope.b.value, scope.cursor.value, scope.chosen.value] = [null, null, null, null];
    },
  };
  const act = acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
  scope.touch();
}

export function Plot({ scope }: { scope: Scope }) {
  const box = useRef<HTMLDivElement>(null);
  const fall = useRef<HTMLCanvasElement>(null);
  const over = useRef<HTMLCanvasElement>(null);
  const stage = useRef<Stage | null>(null);
  const drag = useRef<Drag | null>(null);
  const fingers = useRef(new Pinch());
  const pinchedFrom = useRef<{ hz: Span; time: Span | null } | null>(null);
  useEffect(() => {
    if (!box.current || !fall.current || !over.current) return;
    const made = (stage.current = new Stage(box.current, fall.current, over.current, scope));
    return () => {
      stage.current = null;
      made.close();
    };
  }, [scope]);
  useEffect(() => stage.current?.recolour(), [theme.value]);
  // What people set, and what is asked for, is drawn at once.
  void [scope.hz.value, scope.time.value, scope.scale.value, scope.a.value, scope.b.value, scope.chosen.value];
  void [scope.holding.value, scope.comparing.value];
  scope.touch();
  const shown = scope.shownHz;

  const place = (event: PointerEvent | WheelEvent) => {
    const area = over.current?.getBoundingClientRect();
    return { x: event.clientX - (area?.left ?? 0), y: event.clientY - (area?.top ?? 0) };
  };
  const onWheel = (event: WheelEvent) => {
    const [hz, at] = [scope.shownHz, stage.current];
    if (!hz || !at) return;
    event.preventDefault();
    const { x } = place(event);
    // With Shift some systems turn the wheel sideways.
    const factor = Math.exp(Math.min(100, Math.max(-100, event.deltaY || event.deltaX)) / 300);
    if (event.shiftKey || event.altKey) {
      const time = scope.time.value ?? { low: Date.now() - FIRST_PAST_MS, high: Date.now() };
      const wide = Math.min(LONGEST_PAST_MS, Math.max(SHORTEST_PAST_MS, width(time) * factor));
      lookBack(scope, { low: time.high - wide, high: time.high });
    } else {
      zoomBy(scope, factor, Math.min(1, Math.max(0, (x - at.layout.fall.x) / at.layout.fall.width)));
    }
  };
  const onMove = (event: PointerEvent) => {
    const at = stage.current;
    if (!at) return;
    const { x, y } = place(event);
    const pinch = fingers.current.move(event.pointerId, { x, y });
    if (pinch && pinchedFrom.current) pinchTo(scope, at.layout, pinchedFrom.current, pinch);
    if (fingers.current.isOn) return;
    const held = drag.current;
    if (held && scope.whole) {
      const [dx, dy] = [x - held.x, y - held.y];
      if (!held.isMoved && Math.hypot(dx, dy) < CLICK_PX) return;
      held.isMoved = true;
      look(scope, moved(held.hz, -dx / at.layout.fall.width, scope.whole));
      const share = dy / at.layout.fall.height;
      if (held.time) {
        const by = share * width(held.time);
        lookBack(scope, { low: held.time.low + by, high: held.time.high + by });
      } else if (dy > INTO_PAST_PX && holds(at.layout.fall, held.x, held.y)) {
        held.time = { low: Date.now() - FIRST_PAST_MS, high: Date.now() };
        [held.y, scope.time.value] = [y, held.time];
      }
    } else {
      scope.cursor.value = spotAt(scope, at, x, y);
      scope.touch();
    }
  };
  const onUp = (event: PointerEvent) => {
    if (fingers.current.up(event.pointerId)) return;
    const [held, at] = [drag.current, stage.current];
    drag.current = null;
    if (!held || held.isMoved || !at?.frame) return;
    const { x, y } = place(event);
    const frame = at.frame;
    const hit = [...scope.marks]
      .reverse()
      .find((mark) => placesOf(mark, frame, scope.sensor).some((place) => holds(place, x, y)));
    const spot = spotAt(scope, at, x, y);
    if (hit) scope.chosen.value = hit.fingerprint;
    if (spot) setMark(scope, spot);
  };
  return (
    <div class="plot-box" ref={box}>
      <canvas class="fall" ref={fall} aria-hidden="true" />
      <canvas
        class="over"
        ref={over}
        tabIndex={scope.isSmall ? -1 : 0}
        role={scope.isSmall ? "img" : "application"}
        aria-label={
          shown ? words.value.plotLabel(scope.sensor, megahertz(shown.low), megahertz(shown.high)) : scope.sensor
        }
        data-testid="plot"
        {...(scope.isSmall
          ? {}
          : {
              onWheel,
              onPointerMove: onMove,
              onPointerUp: onUp,
              onPointerCancel: (event: PointerEvent) => {
                fingers.current.up(event.pointerId);
                drag.current = null;
              },
              onPointerDown: (event: PointerEvent) => {
                if (event.button !== 0 || !scope.shownHz) return;
                const { x, y } = place(event);
                fingers.current.down(event.pointerId, { x, y });
                if (fingers.current.isOn) {
                  pinchedFrom.current = { hz: scope.shownHz, time: scope.time.value };
                  drag.current = null;
                  over.current?.setPointerCapture(event.pointerId);
                  return;
                }
                drag.current = { x, y, hz: scope.shownHz, time: scope.time.value, isMoved: false };
                over.current?.setPointerCapture(event.pointerId);
              },
              onPointerLeave: () => {
                if (drag.current) return;
                scope.cursor.value = null;
                scope.touch();
              },
              onKeyDown: (event: KeyboardEvent) => onKey(event, scope),
            })}
      />
    </div>
  );
}
