/** One sensor, whole: live or past, with all that can be measured, heard and asked of it. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { ApiError } from "../../api/client";
import type { SensorHealth } from "../../api/schema";
import { at, go, restate } from "../../state/page";
import { stopListening } from "../../state/listening";
import { venueName } from "../../state/names";
import { dayAndTime } from "../../text/format";
import { StateDot } from "../../ui/icons";
import { ErrorNotice } from "../../ui/Notice";
import { Blind, Coverage } from "./Coverage";
import { alerts, asApiError, heard, plan, recall } from "./data";
import { Emissions } from "./Emissions";
import { marksFor } from "./marks";
import { pastOf, readPast, readTemplate } from "./past";
import { pathTo, placeOf } from "./place";
import { look, lookBack, Plot, zoomBy } from "./Plot";
import { Hear, Measures } from "./Measures";
import { Scope } from "./scope";
import { moved, width } from "./span";
import { Stare } from "./Stare";
import { Tools, type Survey } from "./Tools";
import { bandsOf } from "./Wall";
import { words } from "./words";

const SETTLE_MS = 200;
/** Rows and bins of the past that are asked for: what the picture has pixels for, about. */
const PAST_ROWS = 480;
const PAST_BINS = 1024;

function opened(sensor: string): Scope {
  const scope = new Scope(sensor, false);
  const place = placeOf(at.peek().query);
  scope.hz.value = place.hz;
  scope.time.value = place.time;
  scope.holding.value = place.holding;
  scope.comparing.value = place.comparing;
  if (place.scale) {
    scope.isAuto.value = false;
    scope.scale.value = place.scale;
  }
  return scope;
}

type Reading = "none" | "reading" | "empty" | "here" | ApiError;

/** The past that is looked at, read when it has stayed the same for a moment. */
function usePast(scope: Scope, attempt: number): Reading {
  const [reading, setReading] = useState<Reading>("none");
  const [time, hz] = [scope.time.value, scope.shownHz];
  const key = time && hz ? [time.low, time.high, hz.low, hz.high].join() : "";
  useEffect(() => {
    if (!time || !hz) {
      scope.past = null;
      setReading("none");
      return;
    }
    const mine = new AbortController();
    if (!scope.past) setReading("reading");
    const timer = window.setTimeout(async () => {
      try {
        const view = await readPast(scope.sensor, hz, time, PAST_ROWS, PAST_BINS, mine.signal);
        scope.past = pastOf(view, "max");
        scope.refit(scope.past.sheet.codes);
        setReading(scope.past.sheet.codes.some((code) => code > 0) ? "here" : "empty");
        scope.touch();
      } catch (cause) {
        if (!mine.signal.aborted) setReading(asApiError(cause));
      }
    }, SETTLE_MS);
    return () => {
      clearTimeout(timer);
      mine.abort();
    };
  }, [key, attempt]);
  return reading;
}

/** The survey of what is in view; "none" where the site has none, else why its edge does not give it. */
function useSurvey(scope: Scope): Survey {
  const [known, setKnown] = useState<Survey>("unknown");
  const hz = scope.shownHz;
  const key = hz ? [hz.low, hz.high].join() : "";
  useEffect(() => {
    if (!hz) return undefined;
    let isOver = false;
    const timer = window.setTimeout(() => {
      readTemplate(scope.sensor, hz, PAST_BINS).then(
        (view) => {
          if (isOver) return;
          scope.template = view;
          setKnown(view ? "here" : "none");
          scope.touch();
        },
        (cause: unknown) => {
          // Without it the button stays closed; the next move asks again.
          const { code } = asApiError(cause);
          if (!isOver) setKnown(code === "edge-too-old" || code === "cut-off" ? code : "unknown");
        },
      );
    }, SETTLE_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [key]);
  return known;
}

function useAddress(scope: Scope): void {
  const place = {
    hz: scope.hz.value,
    time: scope.time.value,
    scale: scope.isAuto.value ? null : scope.scale.value,
    holding: scope.holding.value,
    comparing: scope.comparing.value,
  };
  const path = pathTo(scope.sensor, place);
  useEffect(() => {
    const timer = window.setTimeout(() => {
      if (at.peek().page === "spectrum" && at.peek().open === scope.sensor) restate(path);
    }, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [path]);
}

export function One({ sensor }: { sensor: SensorHealth }) {
  const scope = useMemo(() => opened(sensor.id), [sensor.id]);
  const [attempt, setAttempt] = useState(0);
  useEffect(
    () => () => {
      scope.close();
      stopListening();
    },
    [scope],
  );
  scope.bands = bandsOf(sensor);
  // A link into the past needs no live row to say which band there is.
  if (!scope.range.value && sensor.bands.length) {
    const [lows, highs] = [sensor.bands.map((b) => b.low_hz), sensor.bands.map((b) => b.high_hz)];
    scope.range.value = { low: Math.min(...lows), high: Math.max(...highs) };
  }
  scope.plan = plan.value;
  scope.marks = marksFor(alerts.value.values(), heard.value, sensor.id, sensor.venue);
  scope.touch();
  useAddress(scope);
  const chosen = scope.chosen.value;
  useEffect(() => {
    if (chosen) void recall(chosen);
  }, [chosen]);
  const reading = usePast(scope, attempt);
  const survey = useSurvey(scope);
  const time = scope.time.value;
  const state = scope.state.value;
  const text = words.value;
  const shift = (share: number) => {
    const from = time ?? { low: Date.now() - 60_000, high: Date.now() };
    lookBack(scope, { low: from.low + share * width(from), high: from.high + share * width(from) });
  };
  const pan = (share: number) => {
    if (scope.shownHz && scope.whole) look(scope, moved(scope.shownHz, share, scope.whole));
  };
  return (
    <main class="spectrum one">
      <div class="tools">
        <a
          href="/spectrum"
          class="button"
          onClick={(event) => {
            event.preventDefault();
            go("/spectrum");
          }}
        >
          ‹ {text.all}
        </a>
        <h2>
          <StateDot state={sensor.state} /> {sensor.id}
        </h2>
        <span class="dim cut">{sensor.venue && venueName(sensor.venue)}</span>
        <div class="spacer" />
        <span class="num dim" data-testid="rate">
          {time
            ? `${dayAndTime(time.low)} – ${dayAndTime(time.high).slice(11)}`
            : text.rate(scope.rate.value.rows, scope.rate.value.nDropped)}
        </span>
      </div>
      <Tools scope={scope} survey={survey} shift={shift} pan={pan} zoom={(factor) => zoomBy(scope, factor)} />
      {sensor.stare && <Stare sensor={sensor} scope={scope} part="banner" />}
      <div class="one-columns">
        <div class="one-plot">
          <Plot scope={scope} />
          {!time && state !== "live" && (
            <p class="over-plot" role="status">
              {sensor.error ?? text.state[state]}
            </p>
          )}
          {time && reading === "reading" && (
            <p class="over-plot" role="status">
              {text.pastLoading}
            </p>
          )}
          {time && reading === "empty" && (
            <p class="over-plot" role="status">
              {text.pastNone}. {text.pastLag}
            </p>
          )}
          {time && reading instanceof ApiError && (
            <div class="over-plot">
              <ErrorNotice title={text.pastFailed} error={reading} retry={() => setAttempt(attempt + 1)} />
            </div>
          )}
        </div>
        <aside class="one-side">
          <Measures scope={scope} />
          <Hear scope={scope} />
          <Stare sensor={sensor} scope={scope} part="form" />
          <Emissions scope={scope} marks={scope.marks} />
          <Coverage sensor={sensor.id} />
        </aside>
      </div>
      <Blind />
    </main>
  );
}

