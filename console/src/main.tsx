import { effect, untracked } from "@preact/signals";
import { render } from "preact";
import "./style/tokens.css";
import "./style/base.css";
import "./style/header.css";
import "./style/stream.css";
import "./style/detail.css";
import "./style/login.css";
import "./style/tour.css";
import "./style/review.css";
import "./style/touch.css";
import { startClock } from "./state/clock";
import { connection, selected, start } from "./state/desk";
import { at } from "./state/page";
import { askWho, isPerson, who } from "./state/person";
import { Asking } from "./ui/Asking";
import { DetailPane } from "./ui/Detail";
import { Header, LostBanner, StatusBar } from "./ui/Header";
import { Help } from "./ui/Help";
import { onKey } from "./ui/keys";
import { Door } from "./ui/Login";
import { PAGES } from "./pages/registry";
import { startSound } from "./state/sound";
import { beginViews } from "./state/views";
import { OpenPage } from "./ui/Pages";
import { Palette } from "./ui/Palette";
import { StreamPane } from "./ui/Stream";
import { Tour } from "./ui/Tour";

function Console() {
  if (PAGES.find((page) => page.id === at.value.page)?.bare) return <OpenPage />;
  return (
    <div class={`console ${selected.value ? "console-reading" : ""}`}>
      <Header />
      <LostBanner />
      {at.value.page === "review" ? (
        <div class="panes">
          <StreamPane />
          <DetailPane />
        </div>
      ) : (
        <div class="page">
          <OpenPage />
        </div>
      )}
      <StatusBar />
      <Help />
      <Palette />
      <Asking />
      <Tour />
    </div>
  );
}

function App() {
  const person = who.value;
  return isPerson(person) && !person.must_change ? <Console /> : <Door />;
}

startClock();
addEventListener("keydown", (event) => {
  if (isPerson(who.value) && !who.value.must_change) onKey(event);
});
let started = false;
effect(() => {
  const person = who.value;
  if (started || !isPerson(person) || person.must_change) return;
  started = true;
  // A default view decides which list is read first.
  void untracked(beginViews).then(start);
  startSound();
});
// A stream that breaks may be a session that has ended: the stream itself cannot say so.
effect(() => {
  if (connection.value.state === "lost") void askWho();
});
void askWho();
const root = document.getElementById("app");
if (root) render(<App />, root);
