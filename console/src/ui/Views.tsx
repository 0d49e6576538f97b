import { useState } from "preact/hooks";
import { t } from "../i18n";
import { filters } from "../state/desk";
import { isNarrowed } from "../state/filters";
import { currentQuery, dropView, LONGEST_NAME, openView, saveView, views } from "../state/views";

/** Saved views as chips; the address holds what each stands for. */
export function Views() {
  const words = t.value.views;
  const [naming, setNaming] = useState(false);
  const isSaved = views.value.some((view) => view.query === currentQuery.value);
  return (
    <>
      {views.value.map((view) => {
        const isOpen = view.query === currentQuery.value;
        return (
          <span class="view" key={view.name} data-testid="view">
            <button type="button" aria-pressed={isOpen} onClick={() => openView(view)}>
              {view.name}
            </button>
            {isOpen && (
              <button type="button" class="view-drop" aria-label={words.drop(view.name)} onClick={() => dropView(view.name)}>
                ✕
              </button>
            )}
          </span>
        );
      })}
      {isNarrowed(filters.value) && !isSaved && !naming && (
        <button type="button" class="link" data-testid="save-view" onClick={() => setNaming(true)}>
          {words.save}
        </button>
      )}
      {naming && (
        <form
          class="view-name"
          onSubmit={(event) => {
            event.preventDefault();
            const name = new FormData(event.currentTarget).get("name");
            saveView(String(name ?? ""));
            setNaming(false);
          }}
        >
          <input
            name="name"
            autofocus
            required
            maxLength={LONGEST_NAME}
            placeholder={words.name}
            aria-label={words.name}
            onKeyDown={(event) => {
              if (event.key === "Escape") setNaming(false);
            }}
            ref={(box) => box?.focus()}
          />
        </form>
      )}
    </>
  );
}
