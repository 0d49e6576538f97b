import { describe, expect, test } from "vitest";
import { samplesOf, toldBy } from "../src/state/listening";

describe("live sound", () => {
  test("is signed, little-endian and at most full scale", () => {
    const pcm = new Uint8Array([0x00, 0x80, 0xff, 0x7f, 0x00, 0x40, 0x01]).buffer;
    expect([...samplesOf(pcm)]).toEqual([-1, 32767 / 32768, 0.5]);
  });

  test("says why there is none", () => {
    expect(toldBy('{"away_hz":433000000}', "c")).toEqual({ state: "away", channel: "c", awayHz: 433e6 });
    expect(toldBy('{"away_hz":null}', "c")).toEqual({ state: "silent", channel: "c" });
  });
});
