import { describe, expect, test } from "vitest";
import { endedBy, samplesOf, toldBy } from "../src/state/listening";

describe("live sound", () => {
  test("is signed, little-endian and at most full scale", () => {
    const pcm = new Uint8Array([0x00, 0x80, 0xff, 0x7f, 0x00, 0x40, 0x01]).buffer;
    expect([...samplesOf(pcm)]).toEqual([-1, 32767 / 32768, 0.5]);
  });

  test("says why there is none", () => {
    expect(toldBy('{"away_hz":433000000}', "c")).toEqual({ state: "away", channel: "c", awayHz: 433e6 });
    expect(toldBy('{"away_hz":null}', "c")).toEqual({ state: "silent", channel: "c" });
    expect(toldBy('{"n_dropped":3}', "c")).toBe(3);
  });

  test("says why it ended, in codes that the server gives", () => {
    const why = (code: number) => {
      const ended = endedBy(code, "4 listen already", "c");
      return ended.state === "ended" && ended.why;
    };
    expect([1000, 1006, 4409, 4503, 4505].map(why)).toEqual(["server", "server", "refused", "cutOff", "tooOld"]);
  });
});
