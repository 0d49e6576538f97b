/** A report as it will be printed: shown in a frame where nothing of it can run. */
import { useRef, useState } from "preact/hooks";
import { ApiError } from "../../api/client";
import type { ProblemView } from "../../api/schema";
import { language as inUse } from "../../i18n";
import { now } from "../../state/clock";
import { health } from "../../state/desk";
import { at, go, restate } from "../../state/page";
import { currentSession } from "../../state/session";
import { backToBoard } from "./Board";
import { Refusal } from "./bits";
import { instantOf, localOf } from "./steps";
import { w } from "./words";

const LANGUAGES = { zh: "中文", en: "English" } as const;
const MINUTE_MS = 60_000;
const NO_SESSION_MS = 3 * 60 * MINUTE_MS;
type InLanguage = keyof typeof LANGUAGES;

async function fetched(path: string): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path);
  } catch (cause) {
    throw new ApiError("unreachable", 0, String(cause));
  }
  if (answer.ok) return answer;
  const problem = (await answer.json()) as ProblemView;
  throw new ApiError(problem.code, problem.status, problem.detail);
}

/** Save what the server made, under the name that the server gave it. */
async function download(path: string): Promise<void> {
  const answer = await fetched(path);
  const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? "report.pdf";
  const url = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function Preview({ path, language, setLanguage, title, close, children }: {
  /** Without language and format; null where it is not yet known of what. */
  path: string | null;
  language: InLanguage;
  setLanguage: (language: InLanguage) => void;
  title: string;
  close: () => void;
  children?: preact.ComponentChildren;
}) {
  const words = w.value;
  const frame = useRef<HTMLIFrameElement>(null);
  const [making, setMaking] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const full = path && `${path}${path.includes("?") ? "&" : "?"}language=${language}`;
  const save = () => {
    if (!full) return;
    setMaking(true);
    setError(null);
    download(`${full}&format=pdf`)
      .catch((cause: unknown) => setError(cause instanceof ApiError ? cause : new ApiError("other", 0, String(cause))))
      .finally(() => setMaking(false));
  };
  return (
    <main class="case-report" data-testid="preview">
      <div class="case-report-bar">
        <h1>{title}</h1>
        <div class="case-group" role="group">
          {(Object.keys(LANGUAGES) as InLanguage[]).map((each) => (
            <button type="button" key={each} aria-pressed={each === language} onClick={() => setLanguage(each)}>
              {LANGUAGES[each]}
            </button>
          ))}
        </div>
        {children}
        <span class="case-report-does">
          <button
            type="button"
            class="button"
            disabled={!full}
            data-testid="print"
            onClick={() => frame.current?.contentWindow?.print()}
          >
            {words.print}
          </button>
          <button type="button" class="button button-main" disabled={!full || making} data-testid="pdf" onClick={save}>
            {making ? words.pdfMaking : words.pdf}
          </button>
          <button type="button" class="link" data-key="Escape" data-testid="close-report" onClick={close}>
            Esc ✕
          </button>
        </span>
      </div>
      <p class="dim case-report-note">{words.reportLogged}</p>
      <Refusal error={error} />
      {full && (
        <iframe
          ref={frame}
          class="case-report-page"
          // No script of it may run; to be printed from here it keeps its origin.
          sandbox="allow-same-origin allow-modals"
          title={words.preview}
          src={full}
          data-testid="report-page"
        />
      )}
    </main>
  );
}

export function CasePreview({ id }: { id: string }) {
  const asked: InLanguage = at.value.query.get("report") === "en" ? "en" : "zh";
  const path = `/cases/${id}`;
  return (
    <Preview
      path={`/api/cases/${encodeURIComponent(id)}/report`}
      language={asked}
      setLanguage={(language) => restate(`${path}?report=${language}`)}
      title={`${w.value.reportCase} ${id}`}
      close={() => go(path)}
    />
  );
}

/** From the beginning of the session that runs or was last, to its end or now; without one the last hours. */
function lastSession(): readonly [string, string] {
  const session = currentSession(health.value?.sessions ?? [], now.value);
  const start = session ? Date.parse(session.starts_at) : Infinity;
  if (!session || start >= now.value) return [localOf(now.value - NO_SESSION_MS), localOf(now.value + MINUTE_MS)];
  // A field of minutes leaves out the seconds: what was found just now is in the report too.
  return [localOf(start), localOf(Math.min(Date.parse(session.ends_at), now.value + MINUTE_MS))];
}

export function SessionPreview() {
  const words = w.value;
  const { query } = at.value;
  const [chosen, setChosen] = useState<readonly [string, string] | null>(null);
  const [from, to] = chosen ?? lastSession();
  const setSpan = (first: string, last: string) => setChosen([first, last]);
  const [shown, setShown] = useState<string | null>(null);
  const asked = query.get("language");
  const language: InLanguage = asked === "en" || asked === "zh" ? asked : inUse.value;
  const first = instantOf(from);
  const last = instantOf(to);
  const isSpan = first !== null && last !== null && first < last;
  return (
    <Preview
      path={shown}
      language={language}
      setLanguage={(each) => restate(`/cases?report=session&language=${each}`)}
      title={words.reportSession}
      close={backToBoard}
    >
      <form
        class="case-span"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isSpan) return;
          setSpan(from, to);
          setShown(`/api/reports/session?${new URLSearchParams({ from: first, to: last })}`);
        }}
      >
        <label>
          {words.from}{" "}
          <input type="datetime-local" value={from} onInput={(event) => setSpan(event.currentTarget.value, to)} />
        </label>
        <label>
          {words.to}{" "}
          <input type="datetime-local" value={to} onInput={(event) => setSpan(from, event.currentTarget.value)} />
        </label>
        <button class="button" disabled={!isSpan} data-testid="show-session">
          {words.show}
        </button>
      </form>
    </Preview>
  );
}
