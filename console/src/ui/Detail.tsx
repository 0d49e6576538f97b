import { ApiError } from "../api/client";
import type { AlertDetail } from "../api/schema";
import { prose, t } from "../i18n";
import { now } from "../state/clock";
import { detail, detailState, partial, retryDetail, select, selected } from "../state/desk";
import { sensorOf, textOf } from "../state/event";
import { isFiring } from "../state/filters";
import { venueName } from "../state/names";
import { dayAndTime, when } from "../text/format";
import { Facts } from "./Facts";
import { KindMark, LevelMark } from "./icons";
import { ErrorNotice, Notice } from "./Notice";
import { Overview } from "./Overview";
import { RadioDetail } from "./RadioDetail";
import { Review } from "./Review";
import { WebDetail } from "./WebDetail";
import { Advice, Why } from "./Why";

function Head({ alert }: { alert: AlertDetail }) {
  const words = t.value;
  const firing = isFiring(alert, now.value);
  const heardAt = sensorOf(alert.event) ?? textOf(alert.event, "source");
  return (
    <div class={`detail-head level-edge-${alert.level}`}>
      <div class="detail-title">
        <LevelMark level={alert.level} />
        <KindMark kind={alert.kind} size={18} />
        <h2>{prose(alert.annotations, "title")}</h2>
        {alert.kind !== "web" && (
          <span class={`tag ${firing ? "tag-firing" : ""}`}>{words.state[firing ? "firing" : "ended"]}</span>
        )}
        {alert.drill && (
          <span class="tag tag-drill" title={words.alert.drillNote}>
            {words.alert.drill}
          </span>
        )}
        {alert.experimental && (
          <span class="tag" title={words.alert.experimentalNote}>
            {words.alert.experimental}
          </span>
        )}
        <button type="button" class="link back" onClick={() => select(null)} title={words.alert.back}>
          Esc ✕
        </button>
      </div>
      <p class={`detail-summary-${alert.kind}`}>{prose(alert.annotations, "summary")}</p>
      <dl class="detail-facts num">
        {(alert.venue ?? heardAt) && (
          <div>
            <dt>{alert.venue ? words.alert.venue : words.web.source}</dt>
            <dd>
              {alert.venue ? venueName(alert.venue) : heardAt}
              {alert.venue && heardAt && <span class="dim"> · {heardAt}</span>}
            </dd>
          </div>
        )}
        <div>
          <dt>{words.alert.first}</dt>
          <dd title={dayAndTime(alert.starts_at)}>{when(alert.starts_at, now.value)}</dd>
        </div>
        <div>
          <dt>{words.alert.last}</dt>
          <dd title={dayAndTime(alert.updated_at)}>{when(alert.updated_at, now.value)}</dd>
        </div>
        <div>
          <dt>{words.alert.count}</dt>
          <dd>{alert.count}</dd>
        </div>
      </dl>
    </div>
  );
}

function Body({ alert }: { alert: AlertDetail }) {
  if (alert.kind === "radio") return <RadioDetail alert={alert} />;
  if (alert.kind === "web") return <WebDetail alert={alert} />;
  return (
    <div class="columns">
      <div class="column-main">
        <Why alert={alert} />
        <Advice alert={alert} />
      </div>
      <div class="column-side">
        <Facts alert={alert} />
      </div>
    </div>
  );
}

export function DetailPane() {
  const words = t.value.alert;
  const state = detailState.value;
  const alert = detail.value;
  if (selected.value === null) return <Overview />;
  if (state instanceof ApiError) {
    return (
      <main class="detail">
        {state.status === 404 ? (
          <Notice title={words.failedTitle}>
            <p>{words.gone}</p>
            <button type="button" class="button" onClick={() => select(null)}>
              {words.back}
            </button>
          </Notice>
        ) : (
          <ErrorNotice title={words.failedTitle} error={state} retry={retryDetail} />
        )}
      </main>
    );
  }
  if (!alert || alert.fingerprint !== selected.value) {
    return (
      <main class="detail" aria-busy="true">
        <Notice title={words.loading} />
      </main>
    );
  }
  return (
    <main
      class="detail"
      key={alert.fingerprint}
      aria-busy={partial.value}
      data-testid="detail"
      data-fingerprint={alert.fingerprint}
    >
      <Head alert={alert} />
      <Review alert={alert} />
      <Body alert={alert} />
    </main>
  );
}
