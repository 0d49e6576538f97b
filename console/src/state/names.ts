/** What people call exams, sessions and venues, out of the timetable; an id that it does not know stands as it is. */
import { computed } from "@preact/signals";
import type { SessionClock } from "../api/schema";
import { language } from "../i18n";
import { health } from "./desk";

const known = computed(() => {
  const zh = language.value === "zh";
  return new Map((health.value?.venues ?? []).map((one) => [one.id, zh ? one.name_zh : one.name_en]));
});

const exams = computed(() => {
  const zh = language.value === "zh";
  return new Map((health.value?.sessions ?? []).map((one) => [one.exam, (zh ? one.exam_zh : one.exam_en) || one.exam]));
});

export const venueName = (id: string): string => known.value.get(id) ?? id;

export const examName = (id: string): string => exams.value.get(id) ?? id;

export const sessionName = (one: SessionClock): string => (language.value === "zh" ? one.session_zh : one.session_en) || one.session;
