import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { language, t } from "../i18n";
import { PAGES, pagesOf } from "../pages/registry";
import { at, go } from "../state/page";
import { isPerson, who } from "../state/person";
import { ErrorNotice, Notice } from "./Notice";

/** The way between pages: those that the person may see. */
export function PageTabs() {
  const person = who.value;
  const pages = isPerson(person) ? pagesOf(person.permissions).filter((page) => !page.bare) : [];
  if (pages.length < 2) return null;
  return (
    <nav class="tabs" aria-label={t.value.header.pages}>
      {pages.map((page) => {
        const path = page.id === "review" ? "/" : `/${page.id}`;
        const isOpen = page.id === at.value.page;
        return (
          <a
            key={page.id}
            class="tab"
            href={path}
            aria-current={isOpen ? "page" : undefined}
            onClick={(event) => {
              if (event.ctrlKey || event.metaKey || event.shiftKey) return;
              event.preventDefault();
              go(path);
            }}
          >
            {page.name[language.value]}
          </a>
        );
      })}
    </nav>
  );
}

const loaded = new Map<string, ComponentType>();

/** The page that the address names. */
export function OpenPage() {
  const { page } = at.value;
  const entry = PAGES.find((one) => one.id === page);
  const [, setLoads] = useState(0);
  const [error, setError] = useState<ApiError | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    setError(null);
    if (!entry?.load || loaded.has(page)) return;
    entry.load().then(
      (module) => {
        loaded.set(page, module.default);
        setLoads((n) => n + 1);
      },
      (cause: unknown) => setError(new ApiError("unreachable", 0, String(cause))),
    );
  }, [page, attempt]);
  const words = t.value;
  const person = who.value;
  if (!entry) return <Notice title={words.error["not-found"] ?? page} />;
  if (isPerson(person) && !person.permissions.includes(entry.needs)) {
    return <Notice title={words.error["forbidden"] ?? page} />;
  }
  const Page = loaded.get(page);
  if (error) return <ErrorNotice title={entry.name[language.value]} error={error} retry={() => setAttempt(attempt + 1)} />;
  return Page ? <Page /> : <Notice title={words.connection.connecting} />;
}
