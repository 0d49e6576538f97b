import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { words } from "./words";

/** The second step of what cannot be undone: asked in place, and Escape leaves it. */
export function Sure({
  ask,
  yes,
  busy,
  confirm,
  cancel,
  children,
}: {
  ask: string;
  yes: string;
  busy: boolean;
  confirm: () => void;
  cancel: () => void;
  children?: ComponentChildren;
}) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>("input, button")?.focus(), []);
  return (
    <form
      ref={form}
      class="fleet-sure"
      data-testid="sure"
      onSubmit={(event) => {
        event.preventDefault();
        confirm();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        cancel();
      }}
    >
      <p>{ask}</p>
      {children}
      <div class="buttons">
        <button class="button button-main" disabled={busy}>
          {yes}
        </button>
        <button type="button" class="button" onClick={cancel}>
          {words.value.cancel}
        </button>
      </div>
    </form>
  );
}
