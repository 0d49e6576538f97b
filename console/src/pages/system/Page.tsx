import type { ComponentType } from "preact";
import { at } from "../../state/page";
import { isPerson, who } from "../../state/person";
import { mayI } from "../parts/load";
import { PartTabs } from "../parts/Parts";
import { Audit } from "./Audit";
import { Machines } from "./Machines";
import { Messages } from "./Messages";
import { People } from "./People";
import "./style.css";
import { Tokens } from "./Tokens";
import { words } from "./words";

const PARTS: readonly { id: string; needs: string; View: ComponentType; logins?: boolean }[] = [
  { id: "machines", needs: "health", View: Machines },
  { id: "messages", needs: "alerts", View: Messages },
  { id: "audit", needs: "audit", View: Audit },
  { id: "people", needs: "users", View: People, logins: true },
  { id: "tokens", needs: "tokens", View: Tokens, logins: true },
];

/** The machines that all of it runs on, and the people at it: each part for whom it was given to. */
export default function System() {
  const say = words.value;
  // Where logins are off there is nobody to add, and the session has no end.
  const logins = isPerson(who.value) && who.value.expires_at !== null;
  const mine = PARTS.filter((part) => mayI(part.needs) && (logins || !part.logins));
  const open = mine.find((part) => part.id === at.value.open) ?? mine[0];
  return (
    <main class="page-parts">
      <PartTabs
        page="system"
        name={say.parts}
        parts={mine.map(({ id }) => ({ id, name: say.part[id] ?? id }))}
        open={open?.id ?? ""}
      />
      {open && <open.View />}
    </main>
  );
}
