import type { ComparisonView, JudgedView, MovedView } from "../../api/schema";
import { now } from "../../state/clock";
import { venueName } from "../../state/names";
import { megahertz, when } from "../../text/format";
import { Sheet, TableBox } from "../parts/Parts";
import { Reach } from "./Reach";
import { words } from "./words";

function MovedLine({ of }: { of: MovedView }) {
  const say = words.value;
  const what = of.title || (of.center_hz !== null ? `${megahertz(of.center_hz)} MHz` : "–");
  return (
    <li>
      <span class={of.gained ? "gained" : "lost"}>
        {of.gained ? "＋" : "－"} {of.gained ? say.gained : say.lost}
      </span>
      <a href={`/alerts/${encodeURIComponent(of.fingerprint)}`} target="_blank" rel="noreferrer" class="wide">
        {what}
        {of.n_members > 0 && <span class="dim"> {words.value.together(of.n_members)}</span>}
      </a>
      <span class="mono wide">{of.rule}</span>
      <span class="dim num">{[of.venue && venueName(of.venue), when(of.at, now.value)].filter(Boolean).join(" · ")}</span>
      <span class={of.verdict ? undefined : "dim"}>{of.verdict ? (say.verdict[of.verdict] ?? of.verdict) : say.unjudged}</span>
    </li>
  );
}

const judged = (of: JudgedView) => [words.value.ofN(of.n_found, of.n_positive), words.value.ofN(of.n_false, of.n_negative)] as const;

export function Comparison({ view }: { view: ComparisonView }) {
  const say = words.value;
  const [foundBefore, falseBefore] = judged(view.before);
  const [foundAfter, falseAfter] = judged(view.after);
  return (
    <Sheet title={say.comparison} testid="comparison">
      <table class="num sides">
        <thead>
          <tr>
            <th />
            <th class="right">{say.before}</th>
            <th class="right">{say.after}</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <td>
              {say.alerts}{" "}
              <span class="dim">
                +{view.n_gained} {say.gained}, −{view.n_lost} {say.lost}
              </span>
            </td>
            <td class="right">{view.n_before}</td>
            <td class="right">{view.n_after}</td>
          </tr>
          <tr>
            <td>{say.real}</td>
            <td class="right">{foundBefore}</td>
            <td class="right">{foundAfter}</td>
          </tr>
          <tr>
            <td>{say.harmless}</td>
            <td class="right">{falseBefore}</td>
            <td class="right">{falseAfter}</td>
          </tr>
        </tbody>
      </table>
      {view.n_gained + view.n_lost === 0 && <p class="dim">{say.same}</p>}
      {view.moved.length > 0 && <h3>{say.moved}</h3>}
      {view.moved.length > 0 && (
        <ul class="moved">
          {view.moved.map((one, number) => (
            <MovedLine key={number} of={one} />
          ))}
        </ul>
      )}
      {view.cells.length > 0 && (
        <TableBox name={say.comparison}>
          <table class="num">
            <thead>
              <tr>
                <th>{say.day}</th>
                <th>{say.venue}</th>
                <th>{say.rule}</th>
                <th class="right">{say.before}</th>
                <th class="right">{say.after}</th>
              </tr>
            </thead>
            <tbody>
              {view.cells.map((cell) => (
                <tr key={`${cell.day} ${cell.venue} ${cell.rule}`}>
                  <td class="nowrap">{cell.day}</td>
                  <td>{venueName(cell.venue)}</td>
                  <td class="mono">{cell.rule}</td>
                  <td class="right">{cell.n_before}</td>
                  <td class="right">{cell.n_after}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableBox>
      )}
      <Reach of={view.reach} />
    </Sheet>
  );
}
