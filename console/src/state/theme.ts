/** Dark unless light was chosen: the duty room is dim. */
import { effect, signal } from "@preact/signals";

export type Theme = "dark" | "light";
const KEPT = "examwatch.theme";

export const theme = signal<Theme>(localStorage.getItem(KEPT) === "light" ? "light" : "dark");

effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});

export function switchTheme(): void {
  theme.value = theme.value === "dark" ? "light" : "dark";
  localStorage.setItem(KEPT, theme.value);
}
