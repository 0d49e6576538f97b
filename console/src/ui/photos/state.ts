/** What is known of an open alert's photos, and which line is looked at: the text and the photo both point to it. */
import { computed, signal } from "@preact/signals";
import { ApiError, get } from "../../api/client";
import type { AlertDetail, BoxView, PhotosView, PhotoView } from "../../api/schema";
import { isPerson, who } from "../../state/person";
import { marksOf } from "../../text/spans";
import { overlaps } from "./geometry";

/** A line: the photo's digest, and which box of it. */
export interface Place {
  readonly digest: string;
  readonly box: number;
}

export interface TextLine extends Place {
  readonly start: number;
  readonly end: number;
}

/** Under the pointer or the focus. */
export const pointed = signal<Place | null>(null);
/** Clicked, or gone to by key; stays. */
export const chosen = signal<Place | null>(null);
export const lit = computed(() => pointed.value ?? chosen.value);
export const isSame = (a: Place | null, b: Place | null) => a?.digest === b?.digest && a?.box === b?.box;

/** Photos of the alert that is open, while it is. */
export const photos = signal<{ fingerprint: string; found: readonly PhotoView[] } | null>(null);

const KEPT = "examwatch.photos";
/** Whether photos show without being asked for, until this window is closed: each is then a recorded look. */
export const atOnce = signal(sessionStorage.getItem(KEPT) === "at-once");

export function setAtOnce(on: boolean): void {
  atOnce.value = on;
  sessionStorage.setItem(KEPT, on ? "at-once" : "asked");
}

export function may(permission: "evidence" | "personal"): boolean {
  const person = who.value;
  return isPerson(person) && person.permissions.includes(permission);
}

export const readPhotos = (fingerprint: string, signal: AbortSignal) =>
  get<PhotosView>(`/api/alerts/${encodeURIComponent(fingerprint)}/photos`, signal);

/** The photo's pixels. Each call is a look, and recorded as one. */
export async function look(digest: string, signal: AbortSignal): Promise<ImageBitmap> {
  const answer = await fetch(`/api/evidence/${digest}/picture`, { signal });
  if (!answer.ok) {
    const problem = (await answer.json().catch(() => ({}))) as { code?: string; detail?: string };
    throw new ApiError(problem.code ?? "server-fault", answer.status, problem.detail ?? answer.statusText);
  }
  return createImageBitmap(await answer.blob());
}

/** Numbers of the reasons whose marks lie in a line. */
export function reasonsOf(box: BoxView, alert: AlertDetail): number[] {
  const { start, end } = box;
  if (start === null || end === null) return [];
  const found = marksOf(alert.why, "text").filter((mark) => overlaps(mark, { start, end }));
  return [...new Set(found.map((mark) => mark.reason))].sort((a, b) => a - b);
}

/** Every line of every photo in the newest text, in the text's order. */
export function linesOf(found: readonly PhotoView[]): TextLine[] {
  return found
    .flatMap((photo) =>
      photo.boxes.flatMap(({ start, end }, box) =>
        start === null || end === null ? [] : [{ digest: photo.digest, box, start, end }],
      ),
    )
    .sort((a, b) => a.start - b.start);
}
