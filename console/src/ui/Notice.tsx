import type { ComponentChildren } from "preact";
import type { ApiError } from "../api/client";
import { t } from "../i18n";

/** An empty, loading or failed place: what is so, and what to do about it. */
export function Notice({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="notice" role="status">
      <strong>{title}</strong>
      {children}
    </div>
  );
}

export function ErrorNotice({ title, error, retry }: { title: string; error: ApiError; retry: () => void }) {
  const words = t.value;
  return (
    <div class="notice notice-bad" role="alert">
      <strong>{title}</strong>
      <p>{words.error[error.code] ?? words.error["other"]}</p>
      <p class="dim mono">{error.message}</p>
      <button type="button" class="button" onClick={retry}>
        {words.stream.retry}
      </button>
    </div>
  );
}
