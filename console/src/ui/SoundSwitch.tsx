import { t } from "../i18n";
import { nTones, soundOn, switchSound, touched } from "../state/sound";
import { SoundIcon } from "./icons";

/** The tone for grave alerts: on, off, or on as soon as somebody touches the page. */
export function SoundSwitch() {
  const words = t.value.sound;
  const state = !soundOn.value ? "off" : touched.value ? "on" : "waits";
  const label = words[state];
  return (
    <button
      type="button"
      class={`switch sound-${state}`}
      title={label}
      aria-label={label}
      aria-pressed={soundOn.value}
      data-testid="sound"
      data-tones={nTones.value}
      onClick={switchSound}
    >
      <SoundIcon state={state} />
    </button>
  );
}
