import { t } from "../i18n";
import { filters, narrow } from "../state/desk";
import { ALL, fromUrl, isNarrowed, KINDS, LEVELS, REVIEWS, STATES, toggle } from "../state/filters";
import { currentQuery } from "../state/views";
import { venueName } from "../state/names";
import { KindMark, LevelMark } from "./icons";
import { Views } from "./Views";

export function FilterBar() {
  const words = t.value;
  const chosen = filters.value;
  return (
    <div class="filters" role="toolbar" aria-label={words.stream.filters}>
      <div class="group">
        {LEVELS.map((level) => (
          <button
            type="button"
            key={level}
            aria-pressed={chosen.levels.includes(level)}
            title={words.level[level]}
            onClick={() => narrow({ levels: toggle(chosen.levels, LEVELS, level) })}
          >
            <LevelMark level={level} />
          </button>
        ))}
      </div>
      <div class="group">
        {KINDS.slice(0, 2).map((kind) => (
          <button
            type="button"
            key={kind}
            aria-pressed={chosen.kinds.includes(kind)}
            onClick={() => narrow({ kinds: toggle(chosen.kinds, KINDS, kind) })}
          >
            <KindMark kind={kind} size={14} />
            {words.kind[kind]}
          </button>
        ))}
      </div>
      <div class="group">
        {STATES.map((state) => (
          <button
            type="button"
            key={state}
            aria-pressed={chosen.state === state}
            onClick={() => narrow({ state: chosen.state === state ? null : state })}
          >
            {words.state[state]}
          </button>
        ))}
      </div>
      <div class="group">
        {REVIEWS.map((review) => (
          <button
            type="button"
            key={review}
            aria-pressed={chosen.review === review}
            data-testid={`review-${review}`}
            onClick={() => narrow({ review: chosen.review === review ? null : review })}
          >
            {words.review.filter[review]}
          </button>
        ))}
      </div>
      {chosen.venue && (
        <button type="button" class="chip" onClick={() => narrow({ venue: null })}>
          {venueName(chosen.venue)} ✕
        </button>
      )}
      <Views page="review" query={currentQuery.value} open={(query) => narrow(fromUrl(new URL(`http://x/?${query}`)).filters)} />
      {isNarrowed(chosen) && (
        <button type="button" class="link" onClick={() => narrow(ALL)}>
          {words.stream.clear}
        </button>
      )}
    </div>
  );
}
