/** From a key to what it does; what each does stands in `commands`. */
import { helpOpen } from "../state/desk";
import { at } from "../state/page";
import { asking } from "../state/review";
import { COMMANDS, type Command } from "./commands";
import { openPalette, paletteOpen } from "./palette";

const BY_KEY = new Map<string, Command>(COMMANDS.flatMap((one) => one.keys.map((key): [string, Command] => [key, one])));

/** Arrows scroll what is being read; letters typed into a field are letters. */
function isElsewhere(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName)) return true;
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
  const command = BY_KEY.get(event.key);
  if (!command || isElsewhere(event.target, event.key)) return;
  if (command.onReview && at.value.page !== "review") return;
  event.preventDefault();
  command.run();
}
