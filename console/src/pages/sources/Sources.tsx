import type { DocumentLine, SourceHealth, SourceView } from "../../api/schema";
import { t } from "../../i18n";
import { now } from "../../state/clock";
import { health } from "../../state/desk";
import { at, go, restate } from "../../state/page";
import { when } from "../../text/format";
import { StateDot } from "../../ui/icons";
import { Notice } from "../../ui/Notice";
import { mayI, useLoad } from "../parts/load";
import { Sheet, Shown, TableBox } from "../parts/Parts";
import { words as shared } from "../parts/words";
import { words } from "./words";

const REREAD_MS = 15_000;

function SourceRow({ source, open, choose }: { source: SourceHealth; open: boolean; choose: () => void }) {
  const say = words.value;
  return (
    <tr aria-current={open ? "true" : undefined}>
      <td>
        <span class="source-name">
          <StateDot state={source.state} />
        <button type="button" class="link-name" aria-pressed={open} onClick={choose}>
          {source.id}
        </button>
        </span>
      </td>
      <td>{say.kinds[source.kind] ?? source.kind}</td>
      <td>
        {t.value.partState[source.state]}
        {source.n_failures > 0 && <div class="dim">{say.failures(source.n_failures)}</div>}
        {source.error && <div class="dim wide">{source.error}</div>}
      </td>
      <td class="right num nowrap">{source.last_ok_at ? when(source.last_ok_at, now.value) : "–"}</td>
      <td class="right num nowrap">{source.next_at ? when(source.next_at, now.value) : "–"}</td>
      <td class="right num">{source.n_documents.toLocaleString()}</td>
    </tr>
  );
}

function Documents({ documents }: { documents: readonly DocumentLine[] }) {
  const say = words.value;
  if (documents.length === 0) return <p class="dim">{say.noDocuments}</p>;
  return (
    <TableBox name={say.documents}>
      <table>
        <thead>
          <tr>
            <th>{say.seen}</th>
            <th>{say.title}</th>
            <th class="right">{say.length}</th>
            <th class="right">{say.version}</th>
            <th class="right">{say.published}</th>
          </tr>
        </thead>
        <tbody>
          {documents.map((one) => (
            <tr key={one.id}>
              <td class="num nowrap">{when(one.first_seen_at, now.value)}</td>
              <td class="wide">
                {one.title || <span class="dim">{say.noTitle}</span>}
                <div class="dim mono">{one.url}</div>
              </td>
              <td class="right num">{one.n_chars}</td>
              <td class="right num">{one.version}</td>
              <td class="right num nowrap">{one.published_at ? when(one.published_at, now.value) : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

function One({ id }: { id: string }) {
  const say = words.value;
  const source = useLoad<SourceView>(`/api/sources/${encodeURIComponent(id)}`, REREAD_MS);
  const selectors = source.value && Object.keys({ ...source.value.post, ...source.value.listing }).length > 0;
  return (
    <Sheet
      title={say.last(id)}
      testid="documents"
      aside={
        selectors &&
        mayI("tune-rules") && (
          <button type="button" class="button" onClick={() => go(`/sources/try?source=${encodeURIComponent(id)}`)}>
            {say.tryIt}
          </button>
        )
      }
    >
      <Shown of={source}>
        {(value) => (
          <>
            {value.addresses.length > 0 && (
              <p class="dim wide">
                {say.addresses}: <span class="mono">{value.addresses.join(" ")}</span>
              </p>
            )}
            <Documents documents={value.documents} />
          </>
        )}
      </Shown>
    </Sheet>
  );
}

export function Sources() {
  const say = words.value;
  const view = health.value;
  const open = at.value.query.get("source");
  if (!view) return <Notice title={shared.value.loading} />;
  return (
    <div class="sheets">
      <Sheet title={say.sources} testid="sources">
        {view.sources.length === 0 && <p class="dim">{say.none}</p>}
        {view.sources.length > 0 && (
          <TableBox name={say.sources}>
            <table>
              <thead>
                <tr>
                  <th>{say.source}</th>
                  <th>{say.kind}</th>
                  <th>{say.state}</th>
                  <th class="right">{say.lastOk}</th>
                  <th class="right">{say.next}</th>
                  <th class="right">{say.documents}</th>
                </tr>
              </thead>
              <tbody>
                {view.sources.map((source) => (
                  <SourceRow
                    key={source.id}
                    source={source}
                    open={source.id === open}
                    choose={() => restate(`/sources/sources?source=${encodeURIComponent(source.id)}`)}
                  />
                ))}
              </tbody>
            </table>
          </TableBox>
        )}
      </Sheet>
      {open && mayI("alerts") ? <One id={open} /> : <p class="dim choose">{say.choose}</p>}
    </div>
  );
}
