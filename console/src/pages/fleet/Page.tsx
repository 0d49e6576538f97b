import type { FleetView } from "../../api/schema";
import { at } from "../../state/page";
import { Notice } from "../../ui/Notice";
import { Coded } from "../../ui/Coded";
import { useLoad } from "../parts/load";
import { PartTabs, Shown } from "../parts/Parts";
import { Machines } from "./Machines";
import { Releases } from "./Releases";
import "./style.css";
import { words } from "./words";

const REREAD_MS = 10_000;

/** What the page is for, where no machine belongs to this installation, and how to begin. */
function Begin() {
  const say = words.value;
  return (
    <Notice title={say.beginTitle}>
      <p>{say.begin}</p>
      <ol class="fleet-begin">
        {say.beginHow.map((step) => (
          <li key={step}>
            <Coded text={step} />
          </li>
        ))}
      </ol>
      <p class="dim">
        <Coded text={say.beginMore} />
      </p>
    </Notice>
  );
}

/** Machines that belong to this hub, and what all of them run. */
export default function Fleet() {
  const say = words.value;
  const fleet = useLoad<FleetView>("/api/fleet", REREAD_MS);
  const open = at.value.open === "releases" ? "releases" : "machines";
  if (fleet.value && !fleet.value.has_register && fleet.value.nodes.length === 0) {
    return (
      <main class="page-parts">
        <Begin />
      </main>
    );
  }
  return (
    <main class="page-parts">
      <PartTabs page="fleet" name={say.parts} parts={["machines", "releases"].map((id) => ({ id, name: say.part[id] ?? id }))} open={open} />
      <Shown of={fleet}>
        {(value) => (open === "releases" ? <Releases fleet={value} put={fleet.put} /> : <Machines fleet={value} reload={fleet.reload} />)}
      </Shown>
    </main>
  );
}
