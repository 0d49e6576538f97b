import type { ComponentChildren } from "preact";
import type { ApiError } from "../../api/client";
import { t } from "../../i18n";
import { go } from "../../state/page";
import { Notice } from "../../ui/Notice";
import type { Loaded } from "./load";
import "./style.css";
import { words } from "./words";

/** Why something was refused: in words, and as the server said it. */
export function Refusal({ error }: { error: ApiError | null }) {
  if (!error) return null;
  const { fault } = words.value;
  return (
    <div class="refusal" role="alert">
      <strong>{fault[error.code] ?? t.value.error[error.code] ?? fault["other"]}</strong>
      <p class="mono">{error.message}</p>
    </div>
  );
}

/** What was read, or that it is on its way, or why it is not there. */
export function Shown<T>({ of, children }: { of: Loaded<T>; children: (value: T) => ComponentChildren }) {
  if (of.value !== null) {
    return (
      <>
        <Refusal error={of.error} />
        {children(of.value)}
      </>
    );
  }
  if (!of.error) return <Notice title={words.value.loading} />;
  return (
    <Notice title={words.value.failed}>
      <Refusal error={of.error} />
      <button type="button" class="button" onClick={of.reload}>
        {t.value.stream.retry}
      </button>
    </Notice>
  );
}

export interface Part {
  readonly id: string;
  readonly name: string;
}

/** The parts of a page, each with an address. */
export function PartTabs({ page, name, parts, open }: { page: string; name: string; parts: readonly Part[]; open: string }) {
  return (
    <nav class="part-tabs" aria-label={name}>
      {parts.map((part) => (
        <a
          key={part.id}
          class="part-tab"
          href={`/${page}/${part.id}`}
          aria-current={part.id === open ? "page" : undefined}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            go(`/${page}/${part.id}`);
          }}
        >
          {part.name}
        </a>
      ))}
    </nav>
  );
}

/** A sheet of the page under its heading; `aside` stands at the right of it. */
export function Sheet({
  title,
  aside,
  children,
  testid,
}: {
  title: string;
  aside?: ComponentChildren;
  children: ComponentChildren;
  testid?: string;
}) {
  return (
    <section class="sheet" data-testid={testid} aria-label={title}>
      <header class="sheet-head">
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

/** A table that scrolls sideways by itself where the screen is narrow. */
export function TableBox({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div class="table-box" role="region" aria-label={name} tabIndex={0}>
      {children}
    </div>
  );
}

export function Field({ label, hint, children }: { label: string; hint?: string; children: ComponentChildren }) {
  return (
    <label class="field">
      <span>{label}</span>
      {children}
      {hint && <small>{hint}</small>}
    </label>
  );
}
