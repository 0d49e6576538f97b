import { venueName } from "../../state/names";
import { words } from "./words";

/** Where a change is tried first; none ticked: it holds everywhere at once. */
export function TryAt({ venues, at, setAt }: { venues: readonly string[]; at: readonly string[]; setAt: (at: readonly string[]) => void }) {
  const say = words.value;
  if (venues.length === 0) return null;
  const toggle = (venue: string) => setAt(at.includes(venue) ? at.filter((one) => one !== venue) : [...at, venue]);
  return (
    <fieldset class="checks">
      <legend>
        {say.tryAt} <span class="dim">({say.everywhere})</span>
      </legend>
      {venues.map((venue) => (
        <label key={venue} class="check">
          <input type="checkbox" checked={at.includes(venue)} onChange={() => toggle(venue)} />
          {venueName(venue)}
        </label>
      ))}
    </fieldset>
  );
}
