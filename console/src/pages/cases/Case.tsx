import { ApiError } from "../../api/client";
import type { CaseDetail } from "../../api/schema";
import { language, t } from "../../i18n";
import { now } from "../../state/clock";
import { venueName } from "../../state/names";
import { dayAndTime, when } from "../../text/format";
import { LevelMark } from "../../ui/icons";
import { ErrorNotice, Notice } from "../../ui/Notice";
import { Alerts, Merge } from "./Alerts";
import { backToBoard } from "./Board";
import { DueMark, follow, Holder } from "./bits";
import { Checklist, NoteBox, Tasks } from "./Lists";
import { departmentName, one, oneState, reread } from "./state";
import { Persons, Steps } from "./Steps";
import { Timeline } from "./Timeline";
import { w } from "./words";

function Head({ one }: { one: CaseDetail }) {
  const words = w.value;
  const reportPath = `/cases/${one.id}?report=${language.value}`;
  return (
    <div class={`detail-head level-edge-${one.level}`}>
      <div class="detail-title">
        <LevelMark level={one.level} />
        <h2>{one.title[language.value] ?? one.id}</h2>
        {one.drill && <span class="tag tag-drill">{words.drill}</span>}
        <span class="back case-head-does">
          <a class="button" href={reportPath} data-testid="report" onClick={(event) => follow(event, reportPath)}>
            {words.report}
          </a>
          <button type="button" class="link" data-key="Escape" onClick={backToBoard} title={words.back} data-testid="back">
            Esc ✕
          </button>
        </span>
      </div>
      <div class="case-line">
        <strong class="mono">{one.id}</strong>
        <span class="tag tag-firing" data-testid="case-state">
          {t.value.review.state[one.state]}
        </span>
        <Holder one={one} />
        <DueMark one={one} />
        {!one.due_at && <span class="dim">{words.nothingDue}</span>}
        {one.merged_into && (
          <span>
            {words.mergedInto}{" "}
            <a href={`/cases/${one.merged_into}`} onClick={(event) => follow(event, `/cases/${one.merged_into}`)}>
              {one.merged_into}
            </a>
          </span>
        )}
      </div>
      <dl class="detail-facts num">
        <div>
          <dt>{words.verdict}</dt>
          <dd>{one.verdict ? words.word[one.verdict] : words.notJudged}</dd>
        </div>
        {one.outcome && (
          <div>
            <dt>{words.outcome}</dt>
            <dd>{words.word[one.outcome]}</dd>
          </div>
        )}
        <div>
          <dt>{words.department}</dt>
          <dd data-testid="department">{departmentName(one.department, language.value)}</dd>
        </div>
        {one.told.length > 0 && (
          <div>
            <dt>{words.told}</dt>
            <dd data-testid="told">{one.told.map((each) => departmentName(each, language.value)).join(", ")}</dd>
          </div>
        )}
        <div>
          <dt>{words.venue}</dt>
          <dd>{one.venue ? venueName(one.venue) : "–"}</dd>
        </div>
        <div>
          <dt>{words.opened}</dt>
          <dd title={dayAndTime(one.opened_at)}>{when(one.opened_at, now.value)}</dd>
        </div>
        {one.closed_at && (
          <div>
            <dt>{words.closedAt}</dt>
            <dd title={dayAndTime(one.closed_at)}>{when(one.closed_at, now.value)}</dd>
          </div>
        )}
      </dl>
    </div>
  );
}

export function Case() {
  const words = w.value;
  const shown = one.value;
  const state = oneState.value;
  if (state instanceof ApiError && (!shown || state.status === 404)) {
    return state.status === 404 ? (
      <Notice title={words.caseFailedTitle}>
        <p>{words.gone}</p>
        <button type="button" class="button" data-key="Escape" onClick={backToBoard}>
          {words.back}
        </button>
      </Notice>
    ) : (
      <ErrorNotice title={words.caseFailedTitle} error={state} retry={reread} />
    );
  }
  if (!shown) return <Notice title={words.loading} />;
  return (
    <main class="case" data-testid="case" data-case={shown.id}>
      <Head one={shown} />
      <div class="columns">
        <div class="column-main">
          <Steps one={shown} />
          <Persons one={shown} />
          <Alerts one={shown} />
          <section class="block">
            <h3>{words.note}</h3>
            <NoteBox />
          </section>
          <Timeline one={shown} />
        </div>
        <div class="column-side">
          <Checklist one={shown} />
          <Tasks one={shown} />
          <Merge one={shown} />
        </div>
      </div>
    </main>
  );
}
