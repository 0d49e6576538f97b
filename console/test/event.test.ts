import { describe, expect, test } from "vitest";
import { bySensor, hearings, nextInRhythm, numberOf, placeIn, sensorOf, spectrogramOf, surveyed, versionsOf } from "../src/state/event";
import { openable } from "../src/text/url";

const whole = { t0_s: 10, t1_s: 20, low_hz: 100, high_hz: 200 };

describe("the spectrogram's frame", () => {
  test("lies with time to the right and frequency upwards", () => {
    expect(placeIn(whole, { t0_s: 12, t1_s: 15, low_hz: 110, high_hz: 120 })).toEqual({
      x: expect.closeTo(0.2) as number,
      y: expect.closeTo(0.8) as number,
      width: expect.closeTo(0.3) as number,
      height: expect.closeTo(0.1) as number,
    });
  });

  test("stays inside the picture when the emission goes on beyond it", () => {
    expect(placeIn(whole, { t0_s: 0, t1_s: 99, low_hz: 0, high_hz: 999 })).toEqual({ x: 0, y: 0, width: 1, height: 1 });
  });

  test("is absent when the event does not say it, and so is the picture's scale", () => {
    expect(spectrogramOf({ spectrogram: whole })?.box).toBeNull();
    expect(spectrogramOf({ spectrogram: { ...whole, t1_s: 10 } })).toBeNull();
    expect(spectrogramOf({ spectrogram: "broken" })).toBeNull();
    expect(spectrogramOf({})).toBeNull();
  });
});

describe("an event from outside", () => {
  test("names an edge's sensor as health and addresses do", () => {
    expect(sensorOf({ sensor: "roof", node: "no1" })).toBe("no1:roof");
    expect(sensorOf({ sensor: "roof" })).toBe("roof");
    expect(sensorOf({ node: "crawler-1", source: "forum" })).toBeNull();
  });

  test("gives a number only where there is one", () => {
    expect(numberOf({ snr_db: "18" }, "snr_db")).toBeNull();
    expect(numberOf({ snr_db: Number.NaN }, "snr_db")).toBeNull();
    expect(numberOf({ snr_db: 0 }, "snr_db")).toBe(0);
  });

  test("told twice, when heard and when ended, is one hearing with the later level", () => {
    const heard = { at: "2026-06-07T01:00:02.1Z", duration_s: 2, snr_db: 9 };
    const ended = { at: "2026-06-07T01:00:05.1Z", duration_s: 5, snr_db: 12 };
    expect(hearings([heard, ended, { at: "?", snr_db: 1 }])).toEqual([
      { at: Date.parse("2026-06-07T01:00:00Z") / 1000, snr: 12 },
    ]);
  });

  test("of a post gives each version once, newest first", () => {
    const events = [{ version: 1, text: "a" }, { version: 2, text: "b" }, { version: 2, text: "b again" }];
    expect(versionsOf(events).map((event) => event["text"])).toEqual(["b again", "a"]);
  });
});

describe("an address", () => {
  test("can be opened only when it is one of the web", () => {
    expect(openable("https://forum.example/thread-1.html")).toBe(true);
    expect(openable("javascript:alert(1)")).toBe(false);
    expect(openable(" https://x")).toBe(false);
    expect(openable("data:text/html,x")).toBe(false);
  });
});

describe("the comparison with the survey", () => {
  test("is read in both languages, and what is malformed is left out", () => {
    const event = { baseline: [{ code: "new", en: "new here", zh: "新信号" }, { en: "half" }, 7, null] };
    expect(surveyed(event)).toEqual([{ en: "new here", zh: "新信号" }]);
    expect(surveyed({})).toEqual([]);
  });
});

describe("the next burst", () => {
  const event = { next_burst_at: "2026-06-07T02:06:00Z", burst_period_s: 360 };
  const at = (clock: string) => Date.parse(`2026-06-07T${clock}Z`);

  test("is the one foretold while that is ahead", () => {
    expect(nextInRhythm(event, at("02:01:00"))).toBe(at("02:06:00"));
  });

  test("is one in step with it once that was missed", () => {
    expect(nextInRhythm(event, at("02:06:01"))).toBe(at("02:12:00"));
    expect(nextInRhythm(event, at("03:00:30"))).toBe(at("03:06:00"));
  });

  test("is not known without a rhythm", () => {
    expect(nextInRhythm({ burst_period_s: 360 }, at("02:00:00"))).toBeNull();
    expect(nextInRhythm({ next_burst_at: "2026-06-07T02:06:00Z" }, at("02:00:00"))).toBeNull();
  });
});

describe("the sensors of a place", () => {
  test("are told with their strongest hearing, the strongest sensor first", () => {
    const at = "2026-06-07T01:00:10Z";
    const events = [
      { sensor: "roof", at, duration_s: 3, snr_db: 12 },
      { sensor: "roof", at: "2026-06-07T01:00:12Z", duration_s: 5, snr_db: 14 },
      { sensor: "gate", at: "2026-06-07T01:00:30Z", snr_db: 20 },
      { sensor: "gate", at: "2026-06-07T01:05:00Z", snr_db: 9 },
      { at, snr_db: 99 },
      { sensor: "odd", at: "nonsense", snr_db: 99 },
    ];
    expect(bySensor(events)).toEqual([
      { sensor: "gate", snr: 20, at: Date.parse("2026-06-07T01:05:00Z"), times: 2 },
      // Heard, then ended: one transmission.
      { sensor: "roof", snr: 14, at: Date.parse("2026-06-07T01:00:12Z"), times: 1 },
    ]);
  });
});
