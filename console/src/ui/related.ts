/** Alerts beside the open one, asked for only once somebody stays with it. */
import { useEffect, useState } from "preact/hooks";
import { listAlerts } from "../api/client";
import type { AlertView } from "../api/schema";

/** Whoever goes through the list by key is past an alert by then: nothing is asked for nothing. */
const STAY_MS = 500;
const MOST = 12;

/** What fits `query`, without `except`; null until it is known. An empty query asks nothing. */
export function useRelated(query: string, except: string): readonly AlertView[] | null {
  const [found, setFound] = useState<readonly AlertView[] | null>(null);
  useEffect(() => {
    setFound(null);
    if (!query) return undefined;
    const stop = new AbortController();
    const timer = setTimeout(() => {
      listAlerts(new URLSearchParams(`${query}&limit=${MOST + 1}`), stop.signal).then(
        (page) => setFound(page.alerts.filter((one) => one.fingerprint !== except).slice(0, MOST)),
        () => undefined, // left, or without an answer: what the alert itself says stands above
      );
    }, STAY_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [query, except]);
  return found;
}
