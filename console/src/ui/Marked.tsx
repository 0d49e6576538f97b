import type { ComponentChild } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { cut, type Piece } from "../text/spans";
import { chosen, isSame, lit, pointed, type TextLine } from "./photos/state";
import { pointedReason } from "./Why";

interface Mark {
  start: number;
  end: number;
  reason: number;
}

/** A line that was read off a photo: pointing at it shows where it stands there, and the reverse. */
function FromPhoto({ line, children }: { line: TextLine; children: ComponentChild }) {
  const own = useRef<HTMLSpanElement>(null);
  const isChosen = isSame(chosen.value, line);
  useEffect(() => {
    const [span, post] = [own.current, own.current?.closest<HTMLElement>(".post")];
    if (!isChosen || !span || !post) return;
    // The text alone moves: whoever looks at the photo keeps it before them.
    const [inner, outer] = [span.getBoundingClientRect(), post.getBoundingClientRect()];
    if (inner.top < outer.top || inner.bottom > outer.bottom) {
      post.scrollTop += inner.top - outer.top - (outer.height - inner.height) / 2;
    }
  }, [isChosen]);
  return (
    <span
      ref={own}
      class={`from-photo ${isSame(lit.value, line) ? "from-photo-lit" : ""}`}
      data-line={line.box}
      onPointerEnter={() => {
        pointed.value = line;
      }}
      onPointerLeave={() => {
        pointed.value = null;
      }}
      onClick={() => {
        chosen.value = { ...line };
      }}
    >
      {children}
    </span>
  );
}

/** A text with its marks; each mark carries the numbers of the reasons that made it. */
export function Marked({ text, marks, lines = [] }: { text: string; marks: Mark[]; lines?: readonly TextLine[] }) {
  const pieces = cut(
    text,
    marks,
    lines.flatMap(({ start, end }) => [start, end]),
  );
  // The numbers stand once, where a mark ends, not inside its words.
  const endsHere = (piece: Piece, next: Piece | undefined) =>
    piece.reasons.filter((reason) => !next?.reasons.includes(reason));
  const drawn = pieces.map((piece, index) => {
    if (piece.reasons.length === 0) return piece.text;
    const strong = pointedReason.value !== null && piece.reasons.includes(pointedReason.value);
    const numbers = endsHere(piece, pieces[index + 1]);
    return (
      <mark key={index} class={strong ? "mark-strong" : ""} data-reasons={piece.reasons.join(",")}>
        {piece.text}
        {numbers.length > 0 && <sup aria-hidden="true">{numbers.join(",")}</sup>}
      </mark>
    );
  });
  if (lines.length === 0) return <>{drawn}</>;
  const parts: ComponentChild[] = [];
  let [at, inside] = [0, [] as ComponentChild[]];
  let line: TextLine | undefined;
  const close = () => {
    if (line) parts.push(<FromPhoto key={`${line.digest} ${line.box}`} line={line} children={inside} />);
    else parts.push(...inside);
    inside = [];
  };
  pieces.forEach((piece, index) => {
    const here = lines.find(({ start, end }) => start <= at && at < end);
    if (here !== line) {
      close();
      line = here;
    }
    inside.push(drawn[index]);
    at += Array.from(piece.text).length;
  });
  close();
  return <>{parts}</>;
}
