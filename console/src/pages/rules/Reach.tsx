import type { ReachView } from "../../api/schema";
import { now } from "../../state/clock";
import { when } from "../../text/format";
import { words } from "./words";

/** How much of the past stands behind a figure, and what cannot be in it. */
export function Reach({ of }: { of: ReachView }) {
  const say = words.value;
  const time = (text: string | null) => (text && Number.isFinite(Date.parse(text)) ? when(text, now.value) : "–");
  return (
    <p class="dim reach">
      {of.n_events === 0 ? say.reachNone : say.reach(of.n_events, time(of.first_at), time(of.last_at))} {of.cut && say.reachCut}{" "}
      {say.reachLimit}
    </p>
  );
}
