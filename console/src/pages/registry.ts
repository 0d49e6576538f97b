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
  /** The page has the whole screen: no header, no tab of its own. */
  readonly bare?: boolean;
  /** A folder's `Page.tsx`, its default export; none for the review, which is always there. */
  readonly load?: () => Promise<{ default: ComponentType }>;
}

export const PAGES: readonly PageEntry[] = [
  { id: "review", name: { en: "Review", zh: "研判" }, needs: "alerts" },
  { id: "cases", name: { en: "Cases", zh: "案件" }, needs: "cases", load: () => import("./cases/Page") },
  { id: "spectrum", name: { en: "Spectrum", zh: "频谱" }, needs: "spectrum", load: () => import("./spectrum/Page") },
  { id: "map", name: { en: "Map", zh: "地图" }, needs: "health", load: () => import("./map/Page") },
  { id: "rules", name: { en: "Rules", zh: "规则" }, needs: "rules", load: () => import("./rules/Page") },
  { id: "sources", name: { en: "Sources", zh: "信源" }, needs: "health", load: () => import("./sources/Page") },
  { id: "fleet", name: { en: "Fleet", zh: "节点" }, needs: "health", load: () => import("./fleet/Page") },
  { id: "topics", name: { en: "Topics", zh: "热点" }, needs: "alerts", load: () => import("./topics/Page") },
  { id: "system", name: { en: "System", zh: "系统" }, needs: "health", load: () => import("./system/Page") },
  { id: "wall", name: { en: "Wall", zh: "大屏" }, needs: "alerts", bare: true, load: () => import("./wall/Page") },
];

export function pagesOf(permissions: readonly Permission[]): readonly PageEntry[] {
  return PAGES.filter((page) => permissions.includes(page.needs));
}
