/** Drawn here: no icon font, no picture request. Each kind has its own outline, not only its colour. */
import type { ComponentChildren } from "preact";
import { t } from "../i18n";
import type { Kind, Level } from "../state/filters";

function Svg({ children, size = 16, label }: { children: ComponentChildren; size?: number; label?: string }) {
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
      role={label ? "img" : undefined}
      aria-label={label}
      aria-hidden={label ? undefined : "true"}
    >
      {children}
    </svg>
  );
}

const KIND_SHAPES: Record<Kind, ComponentChildren> = {
  radio: (
    <>
      <path d="M3.4 12.6a6.5 6.5 0 0 1 0-9.2M12.6 12.6a6.5 6.5 0 0 0 0-9.2M5.7 10.3a3.25 3.25 0 0 1 0-4.6M10.3 10.3a3.25 3.25 0 0 0 0-4.6" />
      <circle cx="8" cy="8" r="1.2" fill="currentColor" stroke="none" />
    </>
  ),
  web: (
    <>
      <path d="M2.5 3.5h11v7.5h-6l-3 2.5v-2.5h-2z" />
      <path d="M5 6h6M5 8.5h4" />
    </>
  ),
  correlation: (
    <>
      <circle cx="5" cy="8" r="3" />
      <circle cx="11" cy="8" r="3" />
    </>
  ),
  health: <path d="M1.5 8.5h3l1.5-4 3 7.5 1.5-3.5h4" />,
};

/** Radio in a round frame, web in a square one: told apart without colour and at arm's length. */
export function KindMark({ kind, size = 16 }: { kind: Kind; size?: number }) {
  return (
    <span class={`kind kind-${kind}`} title={t.value.kind[kind]}>
      <Svg size={size} label={t.value.kind[kind]}>
        {KIND_SHAPES[kind]}
      </Svg>
    </span>
  );
}

export const LEVEL_MARKS: Record<Level, string> = { critical: "I", high: "II", medium: "III", low: "IV" };

export function LevelMark({ level }: { level: Level }) {
  const mark = LEVEL_MARKS[level];
  const name = t.value.levelMark(mark, t.value.level[level]);
  return (
    <span class={`level level-${level}`} title={name} role="img" aria-label={name}>
      {mark}
    </span>
  );
}

export const SunIcon = () => (
  <Svg>
    <circle cx="8" cy="8" r="3" />
    <path d="M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1" />
  </Svg>
);

export const MoonIcon = () => (
  <Svg>
    <path d="M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z" />
  </Svg>
);

/** A loudspeaker with waves, crossed out, or with a dot that waits. */
export const SoundIcon = ({ state }: { state: "on" | "off" | "waits" }) => (
  <Svg>
    <path d="M2 6v4h2.5L8 13V3L4.5 6z" />
    {state === "on" && <path d="M10.5 5.5a3.5 3.5 0 0 1 0 5M12.5 3.5a6.4 6.4 0 0 1 0 9" />}
    {state === "off" && <path d="M10.5 6l4 4M14.5 6l-4 4" />}
    {state === "waits" && <circle cx="12" cy="8" r="1" fill="currentColor" stroke="none" />}
  </Svg>
);

export const WallIcon = () => (
  <Svg>
    <path d="M1.5 3h13v8h-13zM5.5 14h5M8 11v3" />
  </Svg>
);

export const Logo = () => (
  <Svg size={20}>
    <path d="M3.4 12a6.5 6.5 0 0 1 0-8M12.6 12a6.5 6.5 0 0 0 0-8M5.7 10a3.25 3.25 0 0 1 0-4M10.3 10a3.25 3.25 0 0 0 0-4" />
    <circle cx="8" cy="8" r="1.3" fill="currentColor" stroke="none" />
  </Svg>
);

/** Full circle, half, cross, ring: the state of a part, told by shape too. */
export function StateDot({ state }: { state: "ok" | "starting" | "silent" | "failed" | "ended" | "elsewhere" | "unknown" }) {
  return (
    <svg class={`dot dot-${state}`} width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
      {state === "ok" && <circle cx="5" cy="5" r="4" />}
      {state === "failed" && <path d="M2 2l6 6M8 2l-6 6" />}
      {state === "silent" && <path d="M5 .8 9.4 9H.6z" />}
      {(state === "starting" || state === "ended" || state === "elsewhere" || state === "unknown") && <circle class="ring" cx="5" cy="5" r="3.3" />}
    </svg>
  );
}
