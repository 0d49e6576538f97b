import type { BookView, CaseDetail, CaseEventView } from "../../api/schema";
import { language } from "../../i18n";
import { dayAndTime } from "../../text/format";
import { follow } from "./bits";
import { departmentName } from "./state";
import { w } from "./words";

const text = (value: unknown): string => (typeof value === "string" ? value : "");

function itemName(book: BookView | null, event: CaseEventView, one: CaseDetail): string {
  const item = text(event.body["item"]);
  if (event.action === "task-done") return one.tasks.find((task) => String(task.id) === item)?.text ?? item;
  return book?.steps.find((step) => step.id === item)?.[language.value] ?? item;
}

function Told({ event, one }: { event: CaseEventView; one: CaseDetail }) {
  const words = w.value;
  const { body } = event;
  const other = text(body["into"]) || text(body["from"]);
  const listed = Array.isArray(body["alerts"]) ? body["alerts"].length : 0;
  const came = text(body["came_to"]);
  const verdict = text(body["verdict"]);
  return (
    <>
      {verdict && <strong> {words.word[verdict] ?? verdict}</strong>}
      {came && came !== verdict && ` → ${words.word[came] ?? came}`}
      {text(body["outcome"]) && <strong> {words.word[text(body["outcome"])]}</strong>}
      {text(body["department"]) && <strong> {departmentName(text(body["department"]), language.value)}</strong>}
      {text(body["item"]) && ` “${itemName(one.book, event, one)}”`}
      {text(body["undone"]) && ` “${words.action[text(body["undone"])] ?? text(body["undone"])}”`}
      {listed > 0 && ` · ${words.alertsIn(listed)}`}
      {other && (
        <>
          {" "}
          <a class="mono" href={`/cases/${other}`} onClick={(click) => follow(click, `/cases/${other}`)}>
            {other}
          </a>
        </>
      )}
      {text(body["text"]) && <span class="case-quote">{text(body["text"])}</span>}
      {text(body["due_at"]) && (
        <span class="dim num">
          {" "}
          {words.taskDue} {dayAndTime(text(body["due_at"])).slice(0, 16)}
        </span>
      )}
    </>
  );
}

/** Every step, who took it and when, the newest first. */
export function Timeline({ one }: { one: CaseDetail }) {
  const words = w.value;
  return (
    <section class="block">
      <h3>{words.timeline}</h3>
      <ol class="case-timeline" data-testid="timeline">
        {[...one.events].reverse().map((event) => (
          <li key={event.seq}>
            <time class="num dim" dateTime={event.at}>
              {dayAndTime(event.at)}
            </time>
            <span>
              <strong>{event.actor}</strong> {words.did[event.action] ?? event.action}
              <Told event={event} one={one} />
            </span>
            <span class="num dim case-seq" title={words.entry(event.seq)}>
              #{event.seq}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
