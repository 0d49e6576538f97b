import type { ApiError } from "../../api/client";
import { Refusal } from "../parts/Parts";
import { words } from "./words";

/** A refusal that sites and sources give; others are said as everywhere. */
export function SourceRefusal({ error }: { error: ApiError | null }) {
  const said = error && words.value.fault[error.code];
  if (!error || !said) return <Refusal error={error} />;
  return (
    <div class="refusal" role="alert">
      <strong>{said}</strong>
      <p class="mono">{error.message}</p>
    </div>
  );
}
