/** The console's pages: one folder and one line each. A page is loaded when it is first opened. */
import type { ComponentType } from "preact";
import type { SessionView } from "../api/schema";
import type { Language } from "../i18n";

export type Permission = SessionView["permissions"][number];

export interface PageEntry {
  /** First part of its address. */
  readonly id: string;
  readonly name: Record<Language, string>;
  readonly needs: Permission;
  /** A folder's `Page.tsx`, its default export; none for the review, which is always there. */
  readonly load?: () => Promise<{ default: ComponentType }>;
}

export const PAGES: readonly PageEntry[] = [
  { id: "review", name: { en: "Review", zh: "研判" }, needs: "alerts" },
  { id: "cases", name: { en: "Cases", zh: "案件" }, needs: "cases", load: () => import("./cases/Page") },
];

export function pagesOf(permissions: readonly Permission[]): readonly PageEntry[] {
  return PAGES.filter((page) => permissions.includes(page.needs));
}
