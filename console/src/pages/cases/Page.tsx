import { useEffect } from "preact/hooks";
import { at } from "../../state/page";
import { Board } from "./Board";
import { Case } from "./Case";
import { Duty } from "./Duty";
import { CasePreview, SessionPreview } from "./Report";
import { watch } from "./state";
import "./style.css";

export default function Page() {
  useEffect(watch, []);
  const { open, query } = at.value;
  const shown = query.get("report");
  if (open && shown) return <CasePreview id={open} />;
  if (shown === "session") return <SessionPreview />;
  if (!open && query.get("show") === "duty") return <Duty />;
  return open ? <Case key={open} /> : <Board />;
}
