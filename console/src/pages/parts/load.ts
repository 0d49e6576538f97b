/** Reading from the server for as long as a component is there, and changing something at it. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiError, get } from "../../api/client";
import { isPerson, who } from "../../state/person";

export interface Loaded<T> {
  /** What was read last; it stays while it is read anew. */
  readonly value: T | null;
  readonly error: ApiError | null;
  reload(): void;
  /** What a change has answered stands for what would be read. */
  put(value: T): void;
}

export function asApiError(cause: unknown): ApiError {
  return cause instanceof ApiError ? cause : new ApiError("server-fault", 0, String(cause));
}

/** `path` read now, every `everyMs` if that is not 0, and when it is asked for; null reads nothing. */
export function useLoad<T>(path: string | null, everyMs = 0): Loaded<T> {
  const [value, setValue] = useState<{ path: string; of: T } | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    if (path === null) return;
    const mine = new AbortController();
    const read = () =>
      get<T>(path, mine.signal).then(
        (of) => {
          setValue({ path, of });
          setError(null);
        },
        (cause: unknown) => {
          if (!mine.signal.aborted) setError(asApiError(cause));
        },
      );
    void read();
    const timer = everyMs ? setInterval(() => void read(), everyMs) : 0;
    return () => {
      mine.abort();
      clearInterval(timer);
    };
  }, [path, everyMs, asked]);
  const reload = useCallback(() => setAsked((n) => n + 1), []);
  const put = useCallback((of: T) => path !== null && setValue({ path, of }), [path]);
  const known = value !== null && value.path === path ? value.of : null;
  return { value: known, error: known === null || error ? error : null, reload, put };
}

export interface Doing {
  readonly busy: boolean;
  readonly refusal: ApiError | null;
  /** Run `work` with the token of the session; the answer, or null where it was refused. */
  run<T>(work: (csrf: string) => Promise<T>): Promise<T | null>;
  forgive(): void;
}

/** One change at a time; why the last one was refused. */
export function useDoing(): Doing {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<ApiError | null>(null);
  const running = useRef(false);
  const run = useCallback(async <T>(work: (csrf: string) => Promise<T>): Promise<T | null> => {
    const person = who.value;
    if (running.current || !isPerson(person)) return null;
    running.current = true;
    setBusy(true);
    try {
      const done = await work(person.csrf);
      setRefusal(null);
      return done;
    } catch (cause) {
      setRefusal(asApiError(cause));
      return null;
    } finally {
      running.current = false;
      setBusy(false);
    }
  }, []);
  return { busy, refusal, run, forgive: useCallback(() => setRefusal(null), []) };
}

export function mayI(permission: string): boolean {
  const person = who.value;
  return isPerson(person) && (person.permissions as readonly string[]).includes(permission);
}
