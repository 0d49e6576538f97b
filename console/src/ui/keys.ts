/** From a key to what it does; what each does stands in `commands`. */
import { helpOpen } from "../state/desk";
import { at } from "../state/page";
import { asking } from "../state/review";
import { COMMANDS, type Command } from "./commands";
import { openPalette, paletteOpen } from "./palette";

const place = (page: string | undefined, key: string) => `${page ?? ""} ${key}`;
const BY_KEY = new Map<string, Command>(
  COMMANDS.flatMap((one) => one.keys.map((key): [string, Command] => [place(one.page, key), one])),
);

function isField(target: HTMLElement): boolean {
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

/** Arrows scroll what is being read; letters typed into a field are letters. */
function isElsewhere(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (isField(target)) return true;
  return key.startsWith("Arrow") && target.closest(".detail") !== null;
}

export function onKey(event: KeyboardEvent): void {
  if (helpOpen.value || paletteOpen.value || asking.value) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && event.target instanceof HTMLElement && isField(event.target)) {
    event.target.blur();
    return;
  }
  const command = BY_KEY.get(place(at.value.page, event.key)) ?? BY_KEY.get(place(undefined, event.key));
  if (!command || isElsewhere(event.target, event.key)) return;
  event.preventDefault();
  command.run();
}
