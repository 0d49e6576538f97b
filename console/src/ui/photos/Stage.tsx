import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { AlertDetail, PhotoView } from "../../api/schema";
import { fit, matrixOf, onStage, pairs, panBy, quartersOf, showBox, zoomAt, type Size, type View } from "./geometry";
import { chosen, isSame, lit, pointed, reasonsOf } from "./state";
import { words } from "./words";

const STEP = 1.25;
const PAN_PX = 48;
const WHEEL = 0.0016;

/** Draws the pixels once they are there; until then, and for who may not see them, the sheet stays blank. */
function Pixels({ bitmap, size, css }: { bitmap: ImageBitmap | null; size: Size; css: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const target = canvas.current;
    if (!target || !bitmap) return;
    [target.width, target.height] = [bitmap.width, bitmap.height];
    target.getContext("2d")?.drawImage(bitmap, 0, 0);
  }, [bitmap]);
  const style = { width: `${size.width}px`, height: `${size.height}px`, transform: css };
  return bitmap ? (
    <canvas class="photo-pixels" data-testid="photo-pixels" ref={canvas} style={style} />
  ) : (
    <div class="photo-pixels photo-blank" style={style} />
  );
}

function useSize(): [RefObject<HTMLDivElement>, Size] {
  const ref = useRef<HTMLDivElement>(null) as RefObject<HTMLDivElement>;
  const [size, setSize] = useState<Size>({ width: 640, height: 400 });
  useLayoutEffect(() => {
    const box = ref.current;
    if (!box) return undefined;
    const measure = () => {
      if (box.clientWidth > 0) setSize({ width: box.clientWidth, height: box.clientHeight });
    };
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(box);
    return () => watch.disconnect();
  }, []);
  return [ref, size];
}

/** One photo with the frames of its lines: moved, enlarged and turned by mouse, finger or key. */
export function Stage({
  photo,
  alert,
  bitmap,
  name,
}: {
  photo: PhotoView;
  alert: AlertDetail;
  bitmap: ImageBitmap | null;
  name: string;
}) {
  const say = words.value;
  const [ref, stage] = useSize();
  const size: Size = {
    width: photo.width_px ?? bitmap?.width ?? 4,
    height: photo.height_px ?? bitmap?.height ?? 3,
  };
  const [view, setView] = useState<View | null>(null);
  const [framed, setFramed] = useState(true);
  const fingers = useRef(new Map<number, { x: number; y: number }>());
  const moved = useRef(false);
  const now = view ?? fit(size, photo.n_quarters, stage);
  const matrix = matrixOf(size, now);
  const mine = lit.value?.digest === photo.digest ? lit.value.box : null;

  // What the text points at is brought into sight here.
  useEffect(() => {
    const place = chosen.value;
    const box = place?.digest === photo.digest ? photo.boxes[place.box] : undefined;
    if (box) setView((before) => showBox(size, stage, before ?? fit(size, photo.n_quarters, stage), box.corners_px));
  }, [chosen.value, photo.digest]);

  const zoom = (factor: number, x = stage.width / 2, y = stage.height / 2) =>
    setView((before) => zoomAt(size, stage, before ?? fit(size, photo.n_quarters, stage), factor, x, y));
  const pan = (dx: number, dy: number) =>
    setView((before) => panBy(size, stage, before ?? fit(size, photo.n_quarters, stage), dx, dy));
  const turn = (by: number) => setView(fit(size, quartersOf(now.quarters + by), stage));
  const toBox = (box: number) => {
    chosen.value = { digest: photo.digest, box };
    ref.current?.querySelector<SVGElement>(`[data-box="${box}"]`)?.focus({ preventScroll: true });
  };

  // Not Preact's own listener: those of the wheel are passive, and the page would scroll as well.
  useEffect(() => {
    const box = ref.current;
    if (!box) return undefined;
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !box.contains(document.activeElement)) return;
      event.preventDefault();
      const area = box.getBoundingClientRect();
      zoom(Math.exp(-event.deltaY * WHEEL), event.clientX - area.left, event.clientY - area.top);
    };
    box.addEventListener("wheel", onWheel, { passive: false });
    return () => box.removeEventListener("wheel", onWheel);
  });

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const inBoxes = event.target instanceof SVGElement && event.target.hasAttribute("data-box");
    const last = photo.boxes.length - 1;
    const does: Record<string, () => void> = {
      "+": () => zoom(STEP),
      "=": () => zoom(STEP),
      "-": () => zoom(1 / STEP),
      "0": () => setView(fit(size, now.quarters, stage)),
      "[": () => turn(1),
      "]": () => turn(-1),
      ArrowLeft: () => pan(PAN_PX, 0),
      ArrowRight: () => pan(-PAN_PX, 0),
      ArrowUp: () => (inBoxes ? toBox(Math.max(0, (mine ?? 1) - 1)) : pan(0, PAN_PX)),
      ArrowDown: () => (inBoxes ? toBox(Math.min(last, (mine ?? -1) + 1)) : pan(0, -PAN_PX)),
    };
    const run = does[event.key];
    if (!run) return;
    event.preventDefault();
    event.stopPropagation();
    run();
  };

  const onPointerMove = (event: PointerEvent) => {
    const before = fingers.current.get(event.pointerId);
    if (!before) return;
    const after = { x: event.clientX, y: event.clientY };
    const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
    fingers.current.set(event.pointerId, after);
    if (Math.hypot(after.x - before.x, after.y - before.y) > 0.5) moved.current = true;
    if (!other) {
      pan(after.x - before.x, after.y - before.y);
      return;
    }
    const area = ref.current?.getBoundingClientRect();
    if (!area) return;
    const apart = (one: { x: number; y: number }) => Math.max(1, Math.hypot(one.x - other.x, one.y - other.y));
    zoom(apart(after) / apart(before), (after.x + other.x) / 2 - area.left, (after.y + other.y) / 2 - area.top);
  };
  const letGo = (event: PointerEvent) => fingers.current.delete(event.pointerId);

  const whole = fit(size, now.quarters, stage).scale >= now.scale - 1e-9;
  const [a, b, c, d, e, f] = matrix;
  return (
    <div class="photo-view">
      <div class="photo-tools" role="toolbar" aria-label={name}>
        <button type="button" class="button" onClick={() => zoom(STEP)} aria-label={say.zoomIn} title={`${say.zoomIn} (+)`}>
          +
        </button>
        <button type="button" class="button" onClick={() => zoom(1 / STEP)} aria-label={say.zoomOut} title={`${say.zoomOut} (−)`}>
          −
        </button>
        <button type="button" class="button" onClick={() => setView(fit(size, now.quarters, stage))} title={`${say.whole} (0)`}>
          {say.whole}
        </button>
        <button type="button" class="button" onClick={() => turn(1)} aria-label={say.turnLeft} title={`${say.turnLeft} ([)`}>
          ↺
        </button>
        <button type="button" class="button" onClick={() => turn(-1)} aria-label={say.turnRight} title={`${say.turnRight} (])`}>
          ↻
        </button>
        {photo.boxes.length > 0 && (
          <button
            type="button"
            class="button"
            aria-pressed={framed}
            title={say.boxesHint}
            onClick={() => setFramed(!framed)}
            data-testid="photo-boxes"
          >
            {say.boxes}
          </button>
        )}
      </div>
      <div
        ref={ref}
        class={`photo-stage ${whole ? "" : "photo-moves"}`}
        data-testid="photo-stage"
        data-quarters={now.quarters}
        data-scale={now.scale.toFixed(4)}
        tabIndex={0}
        role="group"
        aria-label={say.stage(name)}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          moved.current = false;
          fingers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
        }}
        onPointerMove={onPointerMove}
        onPointerUp={letGo}
        onPointerCancel={letGo}
        onPointerLeave={letGo}
      >
        <Pixels bitmap={bitmap} size={size} css={`matrix(${matrix.join(",")})`} />
        {framed && photo.boxes.length > 0 && (
          <svg class="photo-boxes" width={stage.width} height={stage.height} role="list" aria-label={say.lines}>
            <g transform={`matrix(${[a, b, c, d, e, f].join(" ")})`}>
              {photo.boxes.map((box, index) => {
                const reasons = reasonsOf(box, alert);
                const here = { digest: photo.digest, box: index };
                const first = chosen.value?.digest === photo.digest ? chosen.value.box : 0;
                return (
                  <polygon
                    key={index}
                    points={pairs(box.corners_px)
                      .map((corner) => corner.join(","))
                      .join(" ")}
                    class={`photo-box ${reasons.length ? "photo-box-matched" : ""} ${mine === index ? "photo-box-lit" : ""}`}
                    data-box={index}
                    data-reasons={reasons.join(",")}
                    tabIndex={index === first ? 0 : -1}
                    role="listitem"
                    aria-label={`${box.text}${reasons.length ? ` (${say.reason(reasons.join(", "))})` : ""}`}
                    onPointerEnter={() => {
                      pointed.value = here;
                    }}
                    onPointerLeave={() => {
                      if (isSame(pointed.value, here)) pointed.value = null;
                    }}
                    onFocus={() => {
                      pointed.value = here;
                    }}
                    onBlur={() => {
                      if (isSame(pointed.value, here)) pointed.value = null;
                    }}
                    onKeyDown={(event) => {
                      if (event.key !== "Enter" && event.key !== " ") return;
                      event.preventDefault();
                      event.stopPropagation();
                      chosen.value = { ...here };
                    }}
                    onClick={() => {
                      if (!moved.current) chosen.value = isSame(chosen.value, here) ? null : here;
                    }}
                  />
                );
              })}
            </g>
            {photo.boxes.map((box, index) => {
              const reasons = reasonsOf(box, alert);
              if (!reasons.length) return null;
              const at = onStage(matrix, box.corners_px[0] ?? 0, box.corners_px[1] ?? 0);
              const text = reasons.join(",");
              return (
                <g key={index} class="photo-number" aria-hidden="true">
                  <rect x={at.x - 9 - 6 * text.length} y={at.y} width={6 + 7 * text.length} height={14} rx={2} />
                  <text x={at.x - 6 - 6 * text.length} y={at.y + 11}>
                    {text}
                  </text>
                </g>
              );
            })}
          </svg>
        )}
      </div>
    </div>
  );
}
