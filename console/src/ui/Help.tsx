import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import { helpOpen } from "../state/desk";
import { KINDS, LEVELS } from "../state/filters";
import { go } from "../state/page";
import { showTour } from "../state/tour";
import { KindMark, LevelMark } from "./icons";

export function Help() {
  const words = t.value;
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (helpOpen.value) box.current?.showModal();
    else box.current?.close();
  }, [helpOpen.value]);
  return (
    <dialog
      ref={box}
      class="help"
      data-testid="help"
      onClose={() => {
        helpOpen.value = false;
      }}
    >
      <h2>{words.help.title}</h2>
      <dl>
        {words.help.keys.map(([keys, does]) => (
          <div key={keys}>
            <dt>
              {keys.split(" ").map((key) => (key === "/" ? " / " : <kbd key={key}>{key}</kbd>))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <h3>{words.help.marks}</h3>
      <ul class="legend">
        {LEVELS.map((level) => (
          <li key={level}>
            <LevelMark level={level} /> {words.level[level]}
          </li>
        ))}
        {KINDS.map((kind) => (
          <li key={kind}>
            <KindMark kind={kind} /> {words.kind[kind]}
          </li>
        ))}
      </ul>
      <p class="dim">{words.help.rule}</p>
      <form method="dialog" class="help-buttons">
        <button class="button">{words.help.close}</button>
        <button
          class="button"
          onClick={() => {
            go("/");
            showTour();
          }}
        >
          {words.help.tour}
        </button>
      </form>
    </dialog>
  );
}
