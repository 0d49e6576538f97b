import { cut, type Piece } from "../text/spans";
import { pointedReason } from "./Why";

/** A text with its marks; each mark carries the numbers of the reasons that made it. */
export function Marked({ text, marks }: { text: string; marks: { start: number; end: number; reason: number }[] }) {
  const pieces = cut(text, marks);
  // The numbers stand once, where a mark ends, not inside its words.
  const endsHere = (piece: Piece, next: Piece | undefined) =>
    piece.reasons.filter((reason) => !next?.reasons.includes(reason));
  return (
    <>
      {pieces.map((piece, index) => {
        if (piece.reasons.length === 0) return piece.text;
        const strong = pointedReason.value !== null && piece.reasons.includes(pointedReason.value);
        const numbers = endsHere(piece, pieces[index + 1]);
        return (
          <mark key={index} class={strong ? "mark-strong" : ""} data-reasons={piece.reasons.join(",")}>
            {piece.text}
            {numbers.length > 0 && <sup aria-hidden="true">{numbers.join(",")}</sup>}
          </mark>
        );
      })}
    </>
  );
}
