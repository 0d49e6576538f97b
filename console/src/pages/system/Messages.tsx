import type { NoticesView, SystemView } from "../../api/schema";
import { now } from "../../state/clock";
import { when } from "../../text/format";
import { StateDot } from "../../ui/icons";
import { mayI, useLoad } from "../parts/load";
import { Sheet, Shown, TableBox } from "../parts/Parts";
import { words } from "./words";

function Receivers() {
  const say = words.value;
  const view = useLoad<SystemView>("/api/system", 10_000);
  return (
    <Sheet title={say.receivers} testid="receivers">
      <Shown of={view}>
        {({ receivers }) =>
          receivers.length === 0 ? (
            <p class="dim">{say.noReceivers}</p>
          ) : (
            <ul class="receivers">
              {receivers.map((one) => (
                <li key={one.id}>
                  <StateDot state={one.failing_since ? "failed" : "ok"} /> <strong>{one.id}</strong>{" "}
                  <span class="dim">
                    {one.failing_since ? say.failing(when(one.failing_since, now.value)) : say.works}
                    {one.error && ` · ${one.error}`}
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Shown>
    </Sheet>
  );
}

export function Messages() {
  const say = words.value;
  const view = useLoad<NoticesView>("/api/notices", 10_000);
  return (
    <>
      {mayI("metrics") && <Receivers />}
      <Sheet title={say.notices} testid="notices">
        <Shown of={view}>
          {({ notices }) =>
            notices.length === 0 ? (
              <p class="dim">{say.noNotices}</p>
            ) : (
              <TableBox name={say.notices}>
                <table>
                  <thead>
                    <tr>
                      <th>{say.noticeAt}</th>
                      <th>{say.receiver}</th>
                      <th>{say.title}</th>
                      <th>{say.reason}</th>
                      <th>{say.state}</th>
                      <th class="right">{say.attempts}</th>
                      <th class="right">{say.sentAt}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {notices.map((one) => (
                      <tr key={one.id}>
                        <td class="num nowrap">{when(one.created_at, now.value)}</td>
                        <td class="nowrap">{one.receiver}</td>
                        <td class="wide">{one.title}</td>
                        <td>{one.reason}</td>
                        <td>
                          {say.noticeState[one.state] ?? one.state}
                          {one.maybe_repeated && <div class="dim">{say.maybeRepeated}</div>}
                          {one.error && <div class="dim wide">{one.error}</div>}
                        </td>
                        <td class="right num">{one.n_attempts}</td>
                        <td class="right num nowrap">{one.sent_at ? when(one.sent_at, now.value) : "–"}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </TableBox>
            )
          }
        </Shown>
      </Sheet>
    </>
  );
}
