import { useEffect, useState } from "preact/hooks";
import { ApiError, beginOidc, changePassword, enter, waysIn } from "../api/client";
import type { LoginOffers, OidcOffer, SessionView } from "../api/schema";
import { language, switchLanguage, t } from "../i18n";
import { destination, takeRefusal } from "../state/entry";
import { restate } from "../state/page";
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

function Fault({ fault, address }: { fault: ApiError; address: string | undefined }) {
  const known = t.value.login.fault as Record<string, string>;
  return (
    <p class="caution" role={fault.code === "oidc-left" ? "status" : "alert"}>
      {known[fault.code] ?? fault.message}
      {fault.code === "oidc-elsewhere" && address && (
        <>
          {" "}
          <a href={address}>{address}</a>
        </>
      )}
    </p>
  );
}

/** The way by a provider. Its page replaces this one, so there is nothing to show of a success. */
function ByProvider({ offer, busy, go }: { offer: OidcOffer; busy: boolean; go: () => void }) {
  const label = language.value === "zh" ? offer.zh : offer.en;
  return (
    <button type="button" class="button" data-testid="oidc" disabled={busy} onClick={go}>
      {t.value.login.by(label)}
    </button>
  );
}

/** Log in, or, with a password that was made for one use, choose one's own. */
function Entry({ person, ways }: { person: SessionView | null; ways: LoginOffers }) {
  const words = t.value.login;
  const [fault, setFault] = useState<ApiError | null>(() => (person ? null : takeRefusal()));
  const [busy, setBusy] = useState(false);
  const attempt = async (work: () => Promise<void>) => {
    setBusy(true);
    setFault(null);
    try {
      await work();
    } catch (cause) {
      setFault(cause instanceof ApiError ? cause : new ApiError("other", 0, String(cause)));
    }
    setBusy(false);
  };
  const send = (event: SubmitEvent) => {
    event.preventDefault();
    const typed = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string) => String(typed.get(name) ?? "");
    void attempt(async () => {
      if (person && text("new") !== text("again")) throw new ApiError("different", 0, "");
      const entered = person
        ? await changePassword(person.csrf, text("old"), text("new"))
        : await enter(text("name"), text("password"));
      restate(destination());
      who.value = entered;
    });
  };
  const elsewhere = () => void attempt(async () => location.assign((await beginOidc(destination())).url));
  const own = person !== null || ways.local;
  const offer = person ? null : ways.oidc;
  return (
    <form class="login" data-testid="login" onSubmit={send}>
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
        own && (
          <>
            <Field label={words.name} name="name" complete="username" focus />
            <Field label={words.password} name="password" complete="current-password" />
          </>
        )
      )}
      {fault && <Fault fault={fault} address={ways.oidc?.address} />}
      {own && (
        <button type="submit" class="button" disabled={busy}>
          {person ? words.save : words.enter}
        </button>
      )}
      {own && offer && <p class="login-or">{words.or}</p>}
      {offer && <ByProvider offer={offer} busy={busy} go={elsewhere} />}
      <button type="button" class="link" lang={language.value === "zh" ? "en" : "zh"} onClick={switchLanguage}>
        {language.value === "zh" ? "English" : "中文"}
      </button>
    </form>
  );
}

const LOCAL: LoginOffers = { local: true, oidc: null };

export function Door() {
  const state = who.value;
  const [ways, setWays] = useState<LoginOffers | null>(null);
  useEffect(() => {
    // A server that cannot say it is asked by the login itself, which tells what is wrong.
    waysIn().then(setWays, () => setWays(LOCAL));
  }, []);
  if (state === "unknown" || ways === null) return null;
  return (
    <main class="door">
      {state instanceof ApiError ? (
        <ErrorNotice title={t.value.login.title} error={state} retry={() => void askWho()} />
      ) : (
        <Entry
          key={state === "nobody" ? "in" : "choose"}
          person={state === "nobody" ? null : state}
          ways={ways}
        />
      )}
    </main>
  );
}
