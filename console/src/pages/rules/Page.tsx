import { at } from "../../state/page";
import { mayI } from "../parts/load";
import { PartTabs } from "../parts/Parts";
import { Exceptions } from "./Exceptions";
import { List } from "./List";
import { One } from "./One";
import { Silences } from "./Silences";
import "./style.css";
import { words } from "./words";

/** What is looked for, what is let pass, and what nobody is told of. */
export default function RulesPage() {
  const say = words.value;
  const [part = "rules", ...rest] = (at.value.open ?? "rules").split("/");
  const rule = rest.join("/");
  const parts = ["rules", "exceptions", ...(mayI("alerts") ? ["silences"] : [])];
  return (
    <main class="page-parts">
      <PartTabs page="rules" name={say.parts} parts={parts.map((id) => ({ id, name: say.part[id] ?? id }))} open={part} />
      {part === "exceptions" ? <Exceptions /> : part === "silences" ? <Silences /> : rule ? <One key={rule} id={rule} /> : <List />}
    </main>
  );
}
