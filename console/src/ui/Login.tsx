import { useState } from "preact/hooks";
import { ApiError, changePassword, enter } from "../api/client";
import type { SessionView } from "../api/schema";
import { language, switchLanguage, t } from "../i18n";
import { askWho, who } from "../state/person";
import { Logo } from "./icons";
import { ErrorNotice } from "./Notice";

interface FieldProps {
  label: string;
  name: string;
  complete: "username" | "current-password" | "new-password";
  focus?: boolean;
}

function Field({ label, name, complete, focus = false }: FieldProps) {
  const common = { name, autocomplete: complete, autofocus: focus, maxLength: 256, required: true };
  return (
    <label>
      <span>{label}</span>
      {complete === "username" ? <input type="text" {...common} /> : <input type="password" {...common} />}
    </label>
  );
}

/** Log in, or, with a password that was made for one use, choose one's own. */
function Entry({ person }: { person: SessionView | null }) {
  const words = t.value.login;
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    const typed = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string) => String(typed.get(name) ?? "");
    if (person && text("new") !== text("again")) {
      setFault(words.different);
      return;
    }
    setBusy(true);
    try {
      who.value = person
        ? await changePassword(person.csrf, text("old"), text("new"))
        : await enter(text("name"), text("password"));
    } catch (cause) {
      const known = words.fault as Record<string, string>;
      setFault(cause instanceof ApiError ? (known[cause.code] ?? cause.message) : String(cause));
    }
    setBusy(false);
  };
  return (
    <form class="login" data-testid="login" onSubmit={(event) => void send(event)}>
      <Logo />
      <h1>{person ? words.chooseTitle : words.title}</h1>
      {person ? (
        <>
          <p class="dim">{words.choose}</p>
          <Field label={words.old} name="old" complete="current-password" focus />
          <Field label={words.new} name="new" complete="new-password" />
          <Field label={words.again} name="again" complete="new-password" />
        </>
      ) : (
        <>
          <Field label={words.name} name="name" complete="username" focus />
          <Field label={words.password} name="password" complete="current-password" />
        </>
      )}
      {fault && (
        <p class="caution" role="alert">
          {fault}
        </p>
      )}
      <button type="submit" class="button" disabled={busy}>
        {person ? words.save : words.enter}
      </button>
      <button type="button" class="link" lang={language.value === "zh" ? "en" : "zh"} onClick={switchLanguage}>
        {language.value === "zh" ? "English" : "中文"}
      </button>
    </form>
  );
}

export function Door() {
  const state = who.value;
  if (state === "unknown") return null;
  return (
    <main class="door">
      {state instanceof ApiError ? (
        <ErrorNotice title={t.value.login.title} error={state} retry={() => void askWho()} />
      ) : (
        <Entry key={state === "nobody" ? "in" : "choose"} person={state === "nobody" ? null : state} />
      )}
    </main>
  );
}
