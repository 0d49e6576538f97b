/** Requests to the daemon. Every failure is an ApiError with a code that the dictionaries know. */
import type {
  AlertDetail,
  AlertPage,
  AlertStepsBody,
  CaseDetail,
  FieldTables,
  LoginOffers,
  OidcStart,
  PersonalView,
  ProblemView,
  LeftView,
  SessionView,
  StepBody,
  StepsDone,
} from "./schema";

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

async function ask<T>(path: string, request: RequestInit, signal?: AbortSignal): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, { ...request, ...(signal ? { signal } : {}) });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    // What the browser says of it ("Failed to fetch") is in no language of ours and tells nothing more.
    throw new ApiError("unreachable", 0, "");
  }
  if (!answer.ok) throw await problemOf(answer);
  return (await answer.json()) as T;
}

export const get = <T>(path: string, signal?: AbortSignal) =>
  ask<T>(path, { headers: { Accept: "application/json" } }, signal);

/** A request that changes something; `csrf` proves that it comes from this console. */
export const send = <T>(method: string, path: string, csrf: string, body?: unknown) =>
  ask<T>(path, {
    method,
    headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRF-Token": csrf },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

export const whoAmI = () => get<SessionView>("/api/session");

export const enter = (name: string, password: string) =>
  send<SessionView>("POST", "/api/session", "", { name, password });

export const waysIn = () => get<LoginOffers>("/api/login");

/** Begin a login by the provider; `to` is where in the console it ends. */
export const beginOidc = (to: string) => send<OidcStart>("POST", "/api/login/oidc", "", { to });

export const forget = (csrf: string) => send<LeftView>("DELETE", "/api/session", csrf);

export const changePassword = (csrf: string, old: string, next: string) =>
  send<SessionView>("POST", "/api/session/password", csrf, { old, new: next });

export const listAlerts = (query: URLSearchParams, signal?: AbortSignal) =>
  get<AlertPage>(`/api/alerts?${query}`, signal);

export const getAlert = (fingerprint: string, signal?: AbortSignal) =>
  get<AlertDetail>(`/api/alerts/${encodeURIComponent(fingerprint)}`, signal);

export const getPersonal = (fingerprint: string) =>
  get<PersonalView>(`/api/alerts/${encodeURIComponent(fingerprint)}/personal`);

export const stepAlert = (csrf: string, fingerprint: string, step: Partial<StepBody>) =>
  send<CaseDetail>("POST", `/api/alerts/${encodeURIComponent(fingerprint)}/steps`, csrf, step);

/** The same step with many alerts: each its case, or why not. */
export const stepAlerts = (csrf: string, step: Partial<AlertStepsBody>) =>
  send<StepsDone>("POST", "/api/alerts/steps", csrf, step);

export const acknowledge = (csrf: string, fingerprint: string) =>
  send<AlertDetail>("POST", `/api/alerts/${encodeURIComponent(fingerprint)}/ack`, csrf, {});

export const undoStep = (csrf: string, caseId: string) =>
  send<CaseDetail>("POST", `/api/cases/${encodeURIComponent(caseId)}/undo`, csrf);

export const getFields = () => get<FieldTables>("/api/fields");

export const evidenceUrl = (digest: string) => `/api/evidence/${digest}`;
