/** Requests to the daemon. Every failure is an ApiError with a code that the dictionaries know. */
import type { AlertDetail, AlertPage, FieldTables, ProblemView } from "./schema";

export class ApiError extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

async function problemOf(answer: Response): Promise<ApiError> {
  if (answer.headers.get("Content-Type")?.startsWith("application/problem+json")) {
    const problem = (await answer.json()) as ProblemView;
    return new ApiError(problem.code, problem.status, problem.detail);
  }
  return new ApiError("server-fault", answer.status, answer.statusText);
}

async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, { headers: { Accept: "application/json" }, ...(signal ? { signal } : {}) });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError("unreachable", 0, String(cause));
  }
  if (!answer.ok) throw await problemOf(answer);
  return (await answer.json()) as T;
}

export const listAlerts = (query: URLSearchParams, signal?: AbortSignal) =>
  get<AlertPage>(`/api/alerts?${query}`, signal);

export const getAlert = (fingerprint: string, signal?: AbortSignal) =>
  get<AlertDetail>(`/api/alerts/${encodeURIComponent(fingerprint)}`, signal);

export const getFields = () => get<FieldTables>("/api/fields");

export const evidenceUrl = (digest: string) => `/api/evidence/${digest}`;
