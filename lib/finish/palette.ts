// What a finish knows of an image's colours: mean, spread and range of lightness, and of the two axes of colour.

import type { Lab } from './oklab.js';

/** The colours of an image, or of several, in OKLab. */
export interface Palette {
  /** Of lightness, a and b. */
  mean: Lab;
  low: Lab;
  high: Lab;
  /** Variance of lightness. */
  contrast: number;
  /** Covariance of a and b. */
  colour: Symmetric;
}

/** A symmetric matrix of two rows: top left, the one beside it, bottom right. */
export type Symmetric = [number, number, number];

/** Reads the colour of a pixel. */
export type Reader = (pixel: number, lab: Lab) => void;

/** Of so many pixels, which count by their opacity. */
export function paletteOf(read: Reader, pixels: number, alpha?: Float32Array): Palette {
  const lab: Lab = [0, 0, 0];
  const low: Lab = [1, 1, 1];
  const high: Lab = [0, -1, -1];
  // About the colour of the first pixel that counts, so that a single colour has no spread at all.
  const about: Lab = [0, 0, 0];
  const sums: Lab = [0, 0, 0];
  let [count, ll, aa, ab, bb] = [0, 0, 0, 0, 0];
  for (let i = 0; i < pixels; i++) {
    const weight = alpha ? alpha[i]! : 1;
    if (weight === 0) continue;
    read(i, lab);
    if (count === 0) for (let k = 0; k < 3; k++) about[k] = lab[k]!;
    const l = lab[0] - about[0];
    const a = lab[1] - about[1];
    const b = lab[2] - about[2];
    count += weight;
    sums[0] += weight * l;
    sums[1] += weight * a;
    sums[2] += weight * b;
    ll += weight * l * l;
    aa += weight * a * a;
    ab += weight * a * b;
    bb += weight * b * b;
    for (let k = 0; k < 3; k++) {
      if (lab[k]! < low[k]!) low[k] = lab[k]!;
      if (lab[k]! > high[k]!) high[k] = lab[k]!;
    }
  }
  const [l, a, b] = [sums[0] / count, sums[1] / count, sums[2] / count];
  return {
    mean: [about[0] + l, about[1] + a, about[2] + b],
    low,
    high,
    contrast: Math.max(ll / count - l * l, 0),
    colour: [Math.max(aa / count - a * a, 0), ab / count - a * b, Math.max(bb / count - b * b, 0)],
  };
}

/** The palette of images that have these, each counting its share; the shares sum to 1. */
export function blended(palettes: readonly Palette[], shares: readonly number[]): Palette {
  const first = palettes[0]!;
  if (palettes.length === 1) return first;
  const over = (of: (palette: Palette) => number) =>
    palettes.reduce((sum, palette, i) => sum + shares[i]! * of(palette), 0);
  const each = (of: (k: number) => number): Lab => [of(0), of(1), of(2)];
  const mean = each((k) => over((palette) => palette.mean[k]!));
  const between = (j: number, k: number) =>
    over((palette) => (palette.mean[j]! - mean[j]!) * (palette.mean[k]! - mean[k]!));
  return {
    mean,
    low: each((k) => Math.min(...palettes.map(({ low }) => low[k]!))),
    high: each((k) => Math.max(...palettes.map(({ high }) => high[k]!))),
    contrast: over(({ contrast }) => contrast) + between(0, 0),
    colour: [
      over(({ colour }) => colour[0]) + between(1, 1),
      over(({ colour }) => colour[1]) + between(1, 2),
      over(({ colour }) => colour[2]) + between(2, 2),
    ],
  };
}

/** Root mean square of the distance from grey. */
export function chromaOf({ mean, colour }: Palette): number {
  return Math.sqrt(mean[1] ** 2 + mean[2] ** 2 + colour[0] + colour[2]);
}
