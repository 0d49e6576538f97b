/** What live listening says of itself, in words. */
import { t } from "../i18n";
import { listening, nLate, type Listening } from "../state/listening";
import { megahertz } from "../text/format";

function stateOf(now: Listening): string {
  const words = t.value.radio;
  if (now.state === "away") return words.listenAway(megahertz(now.awayHz));
  if (now.state === "ended") return now.why === "refused" ? words.listenRefused(now.reason) : words.listenEnded[now.why];
  return { off: words.listenLogged, opening: words.listenOpening, sound: words.listenSound, silent: words.listenSilent }[
    now.state
  ];
}

export function saidOfListening(): string {
  const [now, late] = [listening.value, nLate.value];
  return late && now.state !== "off" ? `${stateOf(now)} · ${t.value.radio.listenLate(late)}` : stateOf(now);
}
