import { useEffect, useState } from "preact/hooks";
import { ApiError, get } from "../../api/client";
import type { AuditEntryView, AuditPage } from "../../api/schema";
import { at, restate } from "../../state/page";
import { dayAndTime } from "../../text/format";
import { asApiError } from "../parts/load";
import { Field, Refusal, Sheet, TableBox } from "../parts/Parts";
import { words as shared } from "../parts/words";
import { asked, detailsOf, FILTERS, type AuditFilter } from "./audit";
import { words } from "./words";

const PAGE = 100;

function Entry({ entry }: { entry: AuditEntryView }) {
  return (
    <tr>
      <td class="right num">{entry.seq}</td>
      <td class="num nowrap">{dayAndTime(entry.at)}</td>
      <td class="nowrap">{entry.actor}</td>
      <td class="mono nowrap">{entry.action}</td>
      <td class="mono wide">{entry.subject}</td>
      <td class="mono wide dim">{detailsOf(entry.body)}</td>
    </tr>
  );
}

export function Audit() {
  const say = words.value;
  const [filter, setFilter] = useState<AuditFilter>(() => asked(at.value.query));
  const [entries, setEntries] = useState<readonly AuditEntryView[] | null>(null);
  const [before, setBefore] = useState<number | null>(null);
  const [error, setError] = useState<ApiError | null>(null);

  const read = async (from: number | null) => {
    const query = new URLSearchParams({ limit: String(PAGE) });
    for (const name of FILTERS) if (filter[name].trim()) query.set(name, filter[name].trim());
    const shown = new URLSearchParams(query);
    shown.delete("limit");
    restate(`/system/audit${shown.size ? `?${shown}` : ""}`);
    if (from !== null) query.set("before", String(from));
    try {
      const page = await get<AuditPage>(`/api/audit?${query}`);
      setEntries((known) => (from === null ? page.entries : [...(known ?? []), ...page.entries]));
      setBefore(page.next_before);
      setError(null);
    } catch (cause) {
      setError(asApiError(cause));
    }
  };
  useEffect(() => void read(null), []);

  return (
    <Sheet title={say.audit} testid="audit">
      <p class="dim">{say.auditHint}</p>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void read(null);
        }}
      >
        {FILTERS.map((name) => (
          <Field key={name} label={say[name]} hint={say[`${name}Hint`]}>
            <input
              name={name}
              value={filter[name]}
              autocomplete="off"
              onInput={(event) => setFilter({ ...filter, [name]: event.currentTarget.value })}
            />
          </Field>
        ))}
        <button class="button button-main">{say.find}</button>
      </form>
      <Refusal error={error} />
      {entries === null && !error && <p class="dim">{shared.value.loading}</p>}
      {entries?.length === 0 && <p class="dim">{say.noEntries}</p>}
      {entries !== null && entries.length > 0 && (
        <TableBox name={say.audit}>
          <table>
            <thead>
              <tr>
                <th class="right">{say.number}</th>
                <th>{say.at}</th>
                <th>{say.actor}</th>
                <th>{say.action}</th>
                <th>{say.subject}</th>
                <th>{say.details}</th>
              </tr>
            </thead>
            <tbody>
              {entries.map((entry) => (
                <Entry key={entry.seq} entry={entry} />
              ))}
            </tbody>
          </table>
        </TableBox>
      )}
      <div class="buttons">
        {before !== null && (
          <button type="button" class="button" onClick={() => void read(before)}>
            {say.older}
          </button>
        )}
        <button type="button" class="button" onClick={() => void read(null)}>
          {say.newest}
        </button>
      </div>
    </Sheet>
  );
}
