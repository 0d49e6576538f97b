import { useState } from "preact/hooks";
import { send } from "../../api/client";
import type { PeopleView, PersonView } from "../../api/schema";
import { t } from "../../i18n";
import { now } from "../../state/clock";
import { when } from "../../text/format";
import { StateDot } from "../../ui/icons";
import { useDoing, useLoad } from "../parts/load";
import { Field, Refusal, Sheet, Shown, TableBox } from "../parts/Parts";
import { namesOf } from "./audit";
import { words } from "./words";

type Role = PersonView["role"];
const ROLES: readonly Role[] = ["radio", "analyst", "operator", "supervisor", "auditor", "administrator"];

/** A secret that is shown once: it goes when the person says so, and is kept nowhere. */
export function Once({ title, secret, hint, done }: { title: string; secret: string; hint: string; done: () => void }) {
  return (
    <div class="once" role="status" data-testid="once">
      <strong>{title}</strong>
      <code>{secret}</code>
      <p>{hint}</p>
      <button type="button" class="button button-main" onClick={done}>
        {words.value.shown}
      </button>
    </div>
  );
}

function RoleChoice({ value, choose }: { value: Role; choose: (role: Role) => void }) {
  return (
    <select name="role" value={value} onChange={(event) => choose(event.currentTarget.value as Role)}>
      {ROLES.map((role) => (
        <option key={role} value={role}>
          {t.value.login.role[role]}
        </option>
      ))}
    </select>
  );
}

function Change({ person, change, close }: { person: PersonView; change: (body: object) => Promise<boolean>; close: () => void }) {
  const say = words.value;
  const [role, setRole] = useState(person.role);
  const [venues, setVenues] = useState((person.venues ?? []).join(", "));
  const [department, setDepartment] = useState(person.department ?? "");
  const save = async () => {
    const scope = { venues: namesOf(venues), department: department.trim() || null };
    if (await change({ role, scope })) close();
  };
  const ending = (
    <>
      <button type="button" class="button" onClick={() => void change({ disabled: !person.disabled })}>
        {person.disabled ? say.enable : say.disable}
      </button>
      <button type="button" class="button" onClick={close}>
        {say.cancel}
      </button>
    </>
  );
  if (person.issuer)
    return (
      <div class="kept-there">
        <p>{say.keptThere(person.issuer)}</p>
        <div class="buttons">{ending}</div>
      </div>
    );
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Field label={say.role}>
        <RoleChoice value={role} choose={setRole} />
      </Field>
      <Field label={say.scope} hint={say.scopeHint}>
        <input name="venues" value={venues} onInput={(event) => setVenues(event.currentTarget.value)} />
      </Field>
      <Field label={say.department}>
        <input name="department" value={department} onInput={(event) => setDepartment(event.currentTarget.value)} />
      </Field>
      <div class="buttons">
        <button class="button button-main">{say.save}</button>
        <button type="button" class="button" onClick={() => void change({ new_password: true })}>
          {say.newPassword}
        </button>
        {ending}
      </div>
      <small>{say.ends}</small>
    </form>
  );
}

function Row({ person, open, edit }: { person: PersonView; open: boolean; edit: () => void }) {
  const say = words.value;
  return (
    <tr aria-current={open ? "true" : undefined}>
      <td class="nowrap">
        <StateDot state={person.disabled ? "failed" : person.must_change ? "starting" : "ok"} /> {person.name}
      </td>
      <td>{t.value.login.role[person.role]}</td>
      <td>{person.venues?.join(", ") ?? say.everywhere}</td>
      <td>{person.department ?? "–"}</td>
      <td>
        {person.disabled ? say.disabled : person.must_change ? say.mustChange : say.active}
        {person.issuer && <small title={person.issuer}> · {say.byProvider}</small>}
      </td>
      <td class="num nowrap">{when(person.created_at, now.value)}</td>
      <td class="right">
        <button type="button" class="button" aria-expanded={open} aria-label={`${say.edit}: ${person.name}`} onClick={edit}>
          {say.edit}
        </button>
      </td>
    </tr>
  );
}

export function People() {
  const say = words.value;
  const everyone = useLoad<PeopleView>("/api/people");
  const doing = useDoing();
  const [open, setOpen] = useState<string | null>(null);
  const [once, setOnce] = useState<{ name: string; secret: string } | null>(null);
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("analyst");

  const ask = async (method: string, path: string, body: object): Promise<boolean> => {
    const person = await doing.run((csrf) => send<PersonView>(method, path, csrf, body));
    if (!person) return false;
    if (person.one_time_password) setOnce({ name: person.name, secret: person.one_time_password });
    everyone.reload();
    return true;
  };
  return (
    <>
      {once && <Once title={say.once(once.name)} secret={once.secret} hint={say.onceHint} done={() => setOnce(null)} />}
      <Sheet title={say.people} testid="people">
        <Refusal error={doing.refusal} />
        <Shown of={everyone}>
          {({ people }) => (
            <TableBox name={say.people}>
              <table>
                <thead>
                  <tr>
                    <th>{say.name}</th>
                    <th>{say.role}</th>
                    <th>{say.scope}</th>
                    <th>{say.department}</th>
                    <th>{say.state}</th>
                    <th>{say.created}</th>
                    <th>
                      <span class="hidden">{say.edit}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {people.flatMap((person) => {
                    const shown = open === person.name;
                    const row = <Row key={person.name} person={person} open={shown} edit={() => setOpen(shown ? null : person.name)} />;
                    if (!shown) return [row];
                    const path = `/api/people/${encodeURIComponent(person.name)}`;
                    return [
                      row,
                      <tr key={`${person.name} change`}>
                        <td colSpan={7}>
                          <Change person={person} change={(body) => ask("PATCH", path, body)} close={() => setOpen(null)} />
                        </td>
                      </tr>,
                    ];
                  })}
                </tbody>
              </table>
            </TableBox>
          )}
        </Shown>
      </Sheet>
      <Sheet title={say.add}>
        <form
          class="form"
          data-testid="add-person"
          onSubmit={(event) => {
            event.preventDefault();
            void ask("POST", "/api/people", { name: name.trim(), role }).then((done) => done && setName(""));
          }}
        >
          <Field label={say.name}>
            <input name="name" value={name} required autocomplete="off" onInput={(event) => setName(event.currentTarget.value)} />
          </Field>
          <Field label={say.role}>
            <RoleChoice value={role} choose={setRole} />
          </Field>
          <button class="button button-main" disabled={doing.busy}>
            {say.addIt}
          </button>
        </form>
      </Sheet>
    </>
  );
}
