/** The picture in 2D: while nothing but time goes on, the picture is moved down and new lines alone are drawn. */
import { TABLE } from "./colours";
import type { Painter, Shown } from "./paint";
import { codeOf, STEP_DB } from "./levels";
import { pooled, type Sheet } from "./sheet";

/** Each code's colour, as the four bytes of a pixel. */
export function palette({ scale, unheard }: Shown): Uint32Array<ArrayBuffer> {
  const bytes = new Uint8ClampedArray(256 * 4);
  const bottom = codeOf(scale.bottomDb);
  bytes.set([...unheard, 255], 0);
  for (let code = 1; code < 256; code++) {
    const share = Math.min(1, Math.max(0, ((code - bottom) * STEP_DB) / scale.rangeDb));
    const at = 4 * Math.round(share * 255);
    bytes.set(TABLE.subarray(at, at + 4), 4 * code);
  }
  return new Uint32Array(bytes.buffer);
}

export function paintPlain(canvas: HTMLCanvasElement): Painter {
  const context = canvas.getContext("2d", { alpha: false });
  let colours = new Uint32Array(256);
  let key = "";
  let [drawn, nDrawn]: [Sheet | null, number] = [null, 0];
  let line = new Uint8Array(0);

  const put = (sheet: Sheet, shown: Shown, top: number, n: number) => {
    if (!context || n <= 0) return;
    const image = context.createImageData(canvas.width, n);
    const pixels = new Uint32Array(image.data.buffer);
    const bin = (value: number) => (value - sheet.hz.low) / sheet.binHz;
    const [first, last] = [bin(shown.hz.low), bin(shown.hz.high)];
    const nLines = Math.min(sheet.nPushed, sheet.height);
    let before = -1;
    for (let y = 0; y < n; y++) {
      const age = Math.floor(shown.age.low + ((top + y + 0.5) / canvas.height) * (shown.age.high - shown.age.low));
      const place = age < nLines ? sheet.place(age) : -1;
      const start = y * canvas.width;
      if (place < 0) {
        pixels.fill(colours[0] ?? 0, start, start + canvas.width);
      } else if (place === before) {
        pixels.copyWithin(start, start - canvas.width, start);
      } else {
        pooled(sheet.codes.subarray(place * sheet.width, (place + 1) * sheet.width), first, last, line);
        for (let x = 0; x < line.length; x++) pixels[start + x] = colours[line[x] ?? 0] ?? 0;
      }
      before = place;
    }
    context.putImageData(image, 0, top);
  };

  return {
    kind: "2d",
    draw(sheet: Sheet, shown: Shown) {
      if (!context || canvas.width === 0 || canvas.height === 0) return;
      const { hz, age, scale, unheard } = shown;
      const asked = [canvas.width, canvas.height, hz.low, hz.high, age.low, age.high, scale.bottomDb, scale.rangeDb, ...unheard].join();
      const nNew = sheet.nPushed - nDrawn;
      const isOnePixelALine = age.low === 0 && age.high === canvas.height;
      if (asked === key && drawn === sheet && nNew === 0) return;
      if (asked !== key || drawn !== sheet) {
        colours = palette(shown);
        line = new Uint8Array(canvas.width);
      }
      if (asked === key && drawn === sheet && isOnePixelALine && nNew < canvas.height) {
        context.drawImage(canvas, 0, 0, canvas.width, canvas.height - nNew, 0, nNew, canvas.width, canvas.height - nNew);
        put(sheet, shown, 0, nNew);
      } else {
        put(sheet, shown, 0, canvas.height);
      }
      [key, drawn, nDrawn] = [asked, sheet, sheet.nPushed];
    },
    close() {
      drawn = null;
    },
  };
}
