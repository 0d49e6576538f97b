import type { ComponentType } from "preact";
import { at } from "../../state/page";
import { mayI } from "../parts/load";
import { PartTabs } from "../parts/Parts";
import { Sources } from "./Sources";
import "./style.css";
import { Tips } from "./Tips";
import { Trial } from "./Trial";
import { words } from "./words";

const PARTS: readonly { id: string; needs: string; View: ComponentType }[] = [
  { id: "sources", needs: "health", View: Sources },
  { id: "tips", needs: "alerts", View: Tips },
  { id: "try", needs: "tune-rules", View: Trial },
];

/** What is read of the web, and what was sent in. */
export default function SourcesPage() {
  const say = words.value;
  const mine = PARTS.filter((part) => mayI(part.needs));
  const open = mine.find((part) => part.id === at.value.open) ?? mine[0];
  return (
    <main class="page-parts">
      <PartTabs
        page="sources"
        name={say.parts}
        parts={mine.map(({ id }) => ({ id, name: say.part[id] ?? id }))}
        open={open?.id ?? ""}
      />
      {open && <open.View />}
    </main>
  );
}
