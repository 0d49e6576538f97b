import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { helpOpen } from "../state/desk";
import { at } from "../state/page";
import { leaveTour, tourStep, walkTour } from "../state/tour";

/** What each step points at; the first that is there. */
const PLACES = [".stream", ".detail", ".stream", ".parts", ".tabs", ".switches"] as const;
const CARD_PX = 360;
const GAP_PX = 12;

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function placeOf(selector: string): Box | null {
  const found = document.querySelector(selector)?.getBoundingClientRect();
  return found && found.width > 0 ? { left: found.left, top: found.top, width: found.width, height: found.height } : null;
}

const inPixels = (lengths: Record<string, number>) =>
  Object.fromEntries(Object.entries(lengths).map(([name, length]) => [name, `${length}px`]));

/** Beside what is pointed at: below a bar, to the right or left of a pane. */
function besides(box: Box | null): { left: number; top: number } {
  const [width, height] = [innerWidth, innerHeight];
  if (!box) return { left: (width - CARD_PX) / 2, top: height / 4 };
  const left = Math.min(Math.max(GAP_PX, box.left), width - CARD_PX - GAP_PX);
  if (box.height < height / 3) return { left, top: box.top + box.height + GAP_PX };
  const right = box.left + box.width + GAP_PX;
  return { left: right + CARD_PX < width ? right : Math.max(GAP_PX, box.left - CARD_PX - GAP_PX), top: box.top + height / 6 };
}

function Card({ step }: { step: number }) {
  const words = t.value.tour;
  const heading = useRef<HTMLHeadingElement>(null);
  const [box, setBox] = useState<Box | null>(null);
  useLayoutEffect(() => {
    const measure = () => setBox(placeOf(PLACES[step] ?? ""));
    measure();
    addEventListener("resize", measure);
    return () => removeEventListener("resize", measure);
  }, [step]);
  useEffect(() => {
    // A dialog that closes gives the focus back first.
    const timer = setTimeout(() => heading.current?.focus());
    const leave = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || helpOpen.value) return;
      event.stopPropagation();
      leaveTour();
    };
    addEventListener("keydown", leave, { capture: true });
    return () => {
      clearTimeout(timer);
      removeEventListener("keydown", leave, { capture: true });
    };
  }, [step]);
  const [title, text] = words.steps[step] ?? ["", ""];
  const last = step === words.steps.length - 1;
  return (
    <>
      {box && <div class="tour-frame" style={inPixels({ ...box })} aria-hidden="true" />}
      <div
        class="tour"
        role="dialog"
        aria-label={words.name}
        data-testid="tour"
        style={inPixels(besides(box))}
        onKeyDown={(event) => {
          // The keys of the console are for what lies behind.
          event.stopPropagation();
          if (event.key === "ArrowRight") walkTour(1, words.steps.length);
          else if (event.key === "ArrowLeft") walkTour(-1, words.steps.length);
        }}
      >
        <span class="dim num">{words.step(step + 1, words.steps.length)}</span>
        <h2 ref={heading} tabIndex={-1}>
          {title}
        </h2>
        <p>{text}</p>
        {last && <p class="dim">{words.again}</p>}
        <div class="tour-buttons">
          <button type="button" class="link" onClick={leaveTour}>
            {words.leave}
          </button>
          {step > 0 && (
            <button type="button" class="button" onClick={() => walkTour(-1, words.steps.length)}>
              {words.back}
            </button>
          )}
          <button type="button" class="button button-main" onClick={() => walkTour(1, words.steps.length)}>
            {last ? words.done : words.next}
          </button>
        </div>
      </div>
    </>
  );
}

export function Tour() {
  const step = tourStep.value;
  return step === null || at.value.page !== "review" ? null : <Card step={step} />;
}
