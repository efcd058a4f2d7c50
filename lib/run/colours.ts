// The colours of the style images as a whole, for starts that are made of them.

import { inSlices } from '../image/slices.js';
import type { Raster } from '../image/types.js';

/** Per channel, in 0..255 and its square. */
export interface Colours {
  mean: number[];
  variance: number[];
}

/**
 * Means and variances of the styles, blended: as crowsonkb/style-transfer-pytorch has it, the variances alone, not what
 * the means differ by. Pixels count by their opacity.
 */
export async function styleColours(styles: readonly Raster[], blend: readonly number[]): Promise<Colours> {
  const all: Colours = { mean: [0, 0, 0], variance: [0, 0, 0] };
  for (const [i, style] of styles.entries()) {
    const { mean, variance } = await coloursOf(style);
    for (let c = 0; c < 3; c++) {
      all.mean[c]! += blend[i]! * mean[c]!;
      all.variance[c]! += blend[i]! * variance[c]!;
    }
  }
  return all;
}

async function coloursOf({ data, alpha }: Raster): Promise<Colours> {
  const sums = [0, 0, 0];
  const squares = [0, 0, 0];
  let weight = 0;
  await inSlices(data.length / 3, (start, end) => {
    for (let pixel = start; pixel < end; pixel++) {
      const opacity = alpha?.[pixel] ?? 1;
      weight += opacity;
      for (let c = 0; c < 3; c++) {
        const value = data[pixel * 3 + c]!;
        sums[c]! += opacity * value;
        squares[c]! += opacity * value * value;
      }
    }
  });
  // A style that is transparent everywhere has no colour: mid-grey.
  if (weight === 0) return { mean: [127.5, 127.5, 127.5], variance: [0, 0, 0] };
  const mean = sums.map((sum) => sum / weight);
  return { mean, variance: squares.map((sum, c) => Math.max(0, sum / weight - mean[c]! ** 2)) };
}
