import { useState } from "preact/hooks";
import { send } from "../../api/client";
import type { FleetView, ReleaseView } from "../../api/schema";
import { now } from "../../state/clock";
import { when } from "../../text/format";
import { Coded } from "../../ui/Coded";
import { mayI, useDoing } from "../parts/load";
import { Refusal, Sheet } from "../parts/Parts";
import { mayRepeat, stagesOf } from "./fleet";
import { Sure } from "./Sure";
import { words } from "./words";

const shareText = (share: number) => (share === 1 ? words.value.everybody : `${Number((share * 100).toFixed(1))} %`);

function Stages({ release, shares }: { release: ReleaseView; shares: readonly number[] }) {
  const say = words.value;
  const stages = stagesOf(release, shares);
  if (stages.length === 0) return null;
  return (
    <ol class="fleet-stages" aria-label={say.stages}>
      {stages.map((stage) => (
        <li key={stage.share} class={`fleet-stage fleet-stage-${stage.state}`} aria-current={stage.state === "now" ? "step" : undefined}>
          <strong>{shareText(stage.share)}</strong>
          <span>{say.stageState[stage.state]}</span>
        </li>
      ))}
    </ol>
  );
}

function Steps({ release, shares }: { release: ReleaseView; shares: readonly number[] }) {
  const say = words.value;
  if (release.steps.length === 0) return null;
  return (
    <ul class="fleet-steps" aria-label={say.said}>
      {release.steps.map((step) => (
        <li key={step.at}>
          <span class="num nowrap dim">{when(step.at, now.value)}</span>
          <span class="nowrap">{shareText(shares[step.stage] ?? 1)}</span>
          <span class={step.state === "rolled-back" ? "fleet-bad" : undefined}>
            {step.by ? say.haltedBy(step.by) : say.step[step.state]?.(step.n_sound, step.failing.length)}
            {step.failing.length > 0 && <div class="wide">{say.failing(step.failing.join(", "))}</div>}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Action({ release, fleet, put }: { release: ReleaseView; fleet: FleetView; put: (fleet: FleetView) => void }) {
  const say = words.value;
  const doing = useDoing();
  const [asking, setAsking] = useState(false);
  const halting = release.state === "running";
  if (!mayI("machines") || !(halting || mayRepeat(release, fleet))) return null;
  const go = async () => {
    const path = `/api/fleet/releases/${release.serial}/${halting ? "halt" : "again"}`;
    const answer = await doing.run((csrf) => send<FleetView>("POST", path, csrf, {}));
    if (!answer) return;
    setAsking(false);
    put(answer);
  };
  if (!asking) {
    return (
      <div>
        <button type="button" class="button" aria-label={`${halting ? say.halt : say.again}: ${release.serial}`} onClick={() => setAsking(true)}>
          {halting ? say.halt : say.again}
        </button>
      </div>
    );
  }
  return (
    <>
      <Refusal error={doing.refusal} />
      <Sure
        ask={halting ? say.haltAsk(release.serial) : say.againAsk(release.serial)}
        yes={halting ? say.haltDo : say.againDo}
        busy={doing.busy}
        confirm={() => void go()}
        cancel={() => setAsking(false)}
      />
    </>
  );
}

export function Releases({ fleet, put }: { fleet: FleetView; put: (fleet: FleetView) => void }) {
  const say = words.value;
  return (
    <Sheet title={say.releases} testid="releases">
      {fleet.releases.length === 0 ? (
        <p class="dim">
          <Coded text={say.noReleases} />
        </p>
      ) : (
        <>
          <p class="dim">{say.soak(String(Math.round(fleet.soak_s / 60)))}</p>
          <ol class="fleet-releases">
            {fleet.releases.map((release) => (
              <li key={release.serial} class="fleet-release" data-release={release.serial}>
                <header>
                  <strong class="num">{release.serial}</strong>
                  <span class={`fleet-badge fleet-badge-${release.state}`}>{say.releaseState[release.state]}</span>
                  <span class="wide">{release.note}</span>
                  <span class="dim">{say.made(release.made_by, when(release.made_at, now.value))}</span>
                </header>
                <Stages release={release} shares={fleet.stages} />
                {release.state === "running" && <p>{say.has(release.n_offered, release.n_sound)}</p>}
                {release.failing.length > 0 && <p class="fleet-bad wide">{say.failing(release.failing.join(", "))}</p>}
                <Steps release={release} shares={fleet.stages} />
                <Action release={release} fleet={fleet} put={put} />
              </li>
            ))}
          </ol>
        </>
      )}
    </Sheet>
  );
}
