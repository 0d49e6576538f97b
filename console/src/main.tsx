import { render } from "preact";
import "./style/tokens.css";
import "./style/base.css";
import "./style/header.css";
import "./style/stream.css";
import "./style/detail.css";
import { startClock } from "./state/clock";
import { selected, start } from "./state/desk";
import { DetailPane } from "./ui/Detail";
import { Header, LostBanner, StatusBar } from "./ui/Header";
import { Help } from "./ui/Help";
import { onKey } from "./ui/keys";
import { StreamPane } from "./ui/Stream";

function Console() {
  return (
    <div class={`console ${selected.value ? "console-reading" : ""}`}>
      <Header />
      <LostBanner />
      <div class="panes">
        <StreamPane />
        <DetailPane />
      </div>
      <StatusBar />
      <Help />
    </div>
  );
}

startClock();
start();
addEventListener("keydown", onKey);
const root = document.getElementById("app");
if (root) render(<Console />, root);
