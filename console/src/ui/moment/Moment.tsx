import { useEffect, useState } from "preact/hooks";
import { get } from "../../api/client";
import type { AlertDetail, MomentView } from "../../api/schema";
import { spectrogramOf } from "../../state/event";
import { isPerson, who } from "../../state/person";
import { dayAndTime, megahertz, ticks } from "../../text/format";
import { dbRange, line, stair, xOf, yOf, type Frame } from "./curve";
import "./style.css";
import { words } from "./words";

/** Whoever goes through the list by key is past an alert by then: no recording is read for nothing. */
const STAY_MS = 400;
const [WIDTH, HEIGHT] = [640, 170];
const DB_TICKS = 10;

const tenths = (db: number) => Math.abs(db).toFixed(1);

/** How much more there is than at the survey, in words; null where nothing compares. */
function told(view: MomentView): string[] | null {
  const say = words.value;
  const [median, loudest] = [view.over_median_db, view.over_max_db];
  if (median === null || loudest === null || view.at_hz === null) return null;
  return [
    median >= 0 ? say.over(tenths(median)) : say.under(tenths(median)),
    loudest > 0 ? say.overMax(tenths(loudest)) : say.underMax(tenths(loudest)),
    say.atHz(megahertz(view.at_hz)),
  ];
}

function Plot({ view, text }: { view: MomentView; text: string }) {
  const say = words.value;
  const survey = view.template;
  const levels = [...view.max, ...view.mean, ...(survey ? [...survey.p50, ...survey.max] : [])];
  const { low, high } = dbRange(levels);
  const frame: Frame = {
    width: WIDTH,
    height: HEIGHT,
    lowHz: view.low_hz,
    highHz: view.low_hz + view.bin_hz * view.mean.length,
    lowDb: low,
    highDb: high,
  };
  const dbs = Array.from({ length: Math.floor((high - low) / DB_TICKS) + 1 }, (_, i) => low + i * DB_TICKS);
  const [left, right] = [xOf(frame, view.band_low_hz), xOf(frame, view.band_high_hz)];
  return (
    <div class="moment-plot">
      <div class="moment-levels num" aria-hidden="true">
        {dbs.map((db) => (
          <span key={db} style={{ top: `${(yOf(frame, db) / HEIGHT) * 100}%` }}>
            {db}
          </span>
        ))}
      </div>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={say.describe(text)}
        data-testid="moment-plot"
      >
        {dbs.map((db) => (
          <line key={db} class="moment-grid" x1={0} x2={WIDTH} y1={yOf(frame, db)} y2={yOf(frame, db)} />
        ))}
        <rect
          class="moment-band"
          data-testid="moment-band"
          x={Math.max(0, left)}
          width={Math.max(2, Math.min(WIDTH, right) - Math.max(0, left))}
          y={0}
          height={HEIGHT}
        />
        {survey && (
          <>
            <path class="moment-survey" d={stair(frame, survey.low_hz, survey.bin_hz, survey.p50)} />
            <path class="moment-survey moment-loudest" d={stair(frame, survey.low_hz, survey.bin_hz, survey.max)} />
          </>
        )}
        <path class="moment-max" d={line(frame, view.low_hz, view.bin_hz, view.max)} />
        <path class="moment-mean" d={line(frame, view.low_hz, view.bin_hz, view.mean)} />
      </svg>
      <div class="moment-hertz num" aria-hidden="true">
        {ticks(frame.lowHz / 1e6, frame.highHz / 1e6, 6).map(({ value, places }) => (
          <span key={value} style={{ left: `${(xOf(frame, value * 1e6) / WIDTH) * 100}%` }}>
            {value.toFixed(Math.max(2, places))}
          </span>
        ))}
      </div>
      <ul class="moment-key">
        <li class="key-mean">{say.mean(view.seconds.toFixed(1))}</li>
        <li class="key-max">{say.max}</li>
        {survey && <li class="key-p50">{say.p50}</li>}
        {survey && <li class="key-loudest">{say.loudest}</li>}
        <li class="key-band">{say.emission}</li>
        <li class="dim">{say.axis}, MHz</li>
      </ul>
    </div>
  );
}

/** The emission's moment beside what its site sounds like without it. */
export function Moment({ alert }: { alert: AlertDetail }) {
  const say = words.value;
  const [view, setView] = useState<MomentView | "failed" | null>(null);
  const [turn, setTurn] = useState(0);
  const person = who.value;
  const may = isPerson(person) && person.permissions.includes("evidence");
  const shown = spectrogramOf(alert.event);
  const asks = may && shown?.box !== undefined && shown.box !== null;
  const which = `${alert.fingerprint} ${shown?.digest ?? ""}`;
  useEffect(() => {
    if (!asks) return undefined;
    const stop = new AbortController();
    setView(null);
    const timer = setTimeout(() => {
      get<MomentView>(`/api/alerts/${encodeURIComponent(alert.fingerprint)}/spectrum`, stop.signal).then(
        setView,
        () => {
          if (!stop.signal.aborted) setView("failed");
        },
      );
    }, STAY_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [asks, which, turn]);
  if (!asks) return null;
  const over = view !== null && view !== "failed" ? told(view) : null;
  return (
    <section class="block moment" data-testid="moment">
      <h3>{say.title}</h3>
      {view === null && <p class="dim">{say.loading}</p>}
      {view === "failed" && (
        <p class="caution">
          {say.failed}{" "}
          <button type="button" class="link" onClick={() => setTurn(turn + 1)}>
            {say.retry}
          </button>
        </p>
      )}
      {view !== null && view !== "failed" && (
        <>
          {view.state !== "kept" && <p class="dim">{say.state[view.state] ?? say.failed}</p>}
          {over && (
            <p data-testid="excess">
              <strong>{over[0]}</strong>
              {"; "}
              {over[1]}
              <span class="dim"> ({over[2]})</span>
            </p>
          )}
          {view.template && view.template.settings_differ.length > 0 && <p class="caution">{say.differs}</p>}
          {view.survey !== "there" && <p class="dim">{say.survey[view.survey] ?? ""}</p>}
          {view.mean.length > 0 && <Plot view={view} text={over?.join("; ") ?? ""} />}
          {view.template && (
            <p class="dim num">
              {say.surveyed(dayAndTime(view.template.surveyed_at).slice(0, 10), view.template.hour)}
            </p>
          )}
        </>
      )}
    </section>
  );
}
