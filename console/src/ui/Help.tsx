import { useEffect, useRef } from "preact/hooks";
import { language, t } from "../i18n";
import { PAGES } from "../pages/registry";
import { helpOpen } from "../state/desk";
import { KINDS, LEVELS } from "../state/filters";
import { go } from "../state/page";
import { showTour } from "../state/tour";
import { COMMANDS, keyName } from "./commands";
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
      class="help help-keys"
      data-testid="help"
      onClose={() => {
        helpOpen.value = false;
      }}
    >
      <h2>{words.help.title}</h2>
      {(["review", "cases", undefined] as const).map((page) => (
        <section key={page ?? ""}>
          <h3>{page ? PAGES.find((one) => one.id === page)?.name[language.value] : words.help.everywhere}</h3>
          <dl>
            {COMMANDS.filter((one) => one.page === page).map((one) => (
              <div key={one.keys[0]}>
                <dt>
                  {one.keys.map((key) => (
                    <kbd key={key}>{keyName(key)}</kbd>
                  ))}
                </dt>
                <dd>{one.name[language.value]}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
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
