/** From a level to a colour: evenly growing lightness, so that it reads in grey and with any colour sight. */

type Rgb = readonly [number, number, number];

/** Viridis (Smith and van der Walt 2015) as polynomials of sixth degree (Zucker, CC0): off by under 1 %. */
const TERMS: readonly Rgb[] = [
  [0.2777273272234177, 0.005407344544966578, 0.3340998053353061],
  [0.1050930431085774, 1.404613529898575, 1.384590162594685],
  [-0.3308618287255563, 0.214847559468213, 0.09509516302823659],
  [-4.634230498983486, -5.799100973351585, -19.33244095627987],
  [6.228269936347081, 14.17993336680509, 56.69055260068105],
  [4.776384997670288, -13.74514537774601, -65.35303263337234],
  [-5.435455855934631, 4.645852612178535, 26.3124352495832],
];

/** The colour of a share from 0 to 1, each part 0 to 255. */
export function viridis(share: number): Rgb {
  const t = Math.min(1, Math.max(0, share));
  const part = (i: 0 | 1 | 2) => {
    const value = TERMS.reduceRight((sum, term) => sum * t + term[i], 0);
    return Math.round(255 * Math.min(1, Math.max(0, value)));
  };
  return [part(0), part(1), part(2)];
}

/** 256 colours as RGBA bytes. */
export const TABLE: Uint8Array = (() => {
  const table = new Uint8Array(256 * 4);
  for (let i = 0; i < 256; i++) table.set([...viridis(i / 255), 255], 4 * i);
  return table;
})();

/** How light it looks (CIE L*, 0 to 100). */
export function lightness([r, g, b]: Rgb): number {
  const linear = (v: number) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const y = 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  return y <= 216 / 24389 ? (y * 24389) / 27 : 116 * Math.cbrt(y) - 16;
}
