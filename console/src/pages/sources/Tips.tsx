import { useState } from "preact/hooks";
import { get } from "../../api/client";
import type { TipLine, TipsView, TipView } from "../../api/schema";
import { now } from "../../state/clock";
import { when } from "../../text/format";
import { mayI, useDoing, useLoad } from "../parts/load";
import { Sheet, Shown, TableBox } from "../parts/Parts";
import { SourceRefusal } from "./Refused";
import { words } from "./words";

const REREAD_MS = 15_000;

function Read({ tip, close }: { tip: TipView; close: () => void }) {
  const say = words.value;
  return (
    <Sheet
      title={`${say.receipt} ${tip.id}`}
      testid="tip"
      aside={
        <button type="button" class="button" onClick={close}>
          {say.close}
        </button>
      }
    >
      <p class="tip-text wide">{tip.text}</p>
      {tip.link && (
        <p class="dim wide">
          {say.link}: <span class="mono">{tip.link}</span>
        </p>
      )}
      {tip.files.length > 0 && (
        <p class="dim wide">
          {say.files}: {tip.files.join(", ")}
        </p>
      )}
    </Sheet>
  );
}

export function Tips() {
  const say = words.value;
  const tips = useLoad<TipsView>("/api/tips", REREAD_MS);
  const doing = useDoing();
  const [open, setOpen] = useState<TipView | null>(null);
  const mayRead = mayI("personal");
  const read = async (line: TipLine) => {
    const tip = await doing.run(() => get<TipView>(`/api/tips/${encodeURIComponent(line.id)}`));
    if (tip) setOpen(tip);
  };
  return (
    <div class="sheets">
      <Sheet title={say.tips} testid="tips">
        <p class="dim">{mayRead ? say.tipsHint : say.notYours}</p>
        <SourceRefusal error={doing.refusal} />
        <Shown of={tips}>
          {(view) =>
            view.tips.length === 0 ? (
              <p class="dim">{say.noTips}</p>
            ) : (
              <TableBox name={say.tips}>
                <table>
                  <thead>
                    <tr>
                      <th>{say.received}</th>
                      <th>{say.viaHead}</th>
                      <th>{say.exam}</th>
                      <th>{say.place}</th>
                      <th class="right">{say.length}</th>
                      <th class="right">{say.files}</th>
                      <th>{say.state}</th>
                      {mayRead && (
                        <th>
                          <span class="hidden">{say.read}</span>
                        </th>
                      )}
                    </tr>
                  </thead>
                  <tbody>
                    {view.tips.map((line) => (
                      <tr key={line.id} aria-current={open?.id === line.id ? "true" : undefined}>
                        <td class="num nowrap">{when(line.received_at, now.value)}</td>
                        <td>{say.via[line.via] ?? line.via}</td>
                        <td>{line.exam || "–"}</td>
                        <td>{line.place || "–"}</td>
                        <td class="right num">{line.n_chars}</td>
                        <td class="right num">{line.n_files}</td>
                        <td>{line.taken ? say.taken : say.waiting}</td>
                        {mayRead && (
                          <td class="right">
                            <button type="button" class="button" aria-label={`${say.read}: ${line.id}`} onClick={() => void read(line)}>
                              {say.read}
                            </button>
                          </td>
                        )}
                      </tr>
                    ))}
                  </tbody>
                </table>
              </TableBox>
            )
          }
        </Shown>
      </Sheet>
      {open && <Read tip={open} close={() => setOpen(null)} />}
    </div>
  );
}
