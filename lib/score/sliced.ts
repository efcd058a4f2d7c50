// Sliced Wasserstein distances: two clouds of points are as far apart as their shadows on lines are, in the mean over
// lines; on a line the best transport is by rank.

import { addProducts } from './products.js';
import { directions, sample } from './random.js';

const SEED = 20151;

/** A cloud's shadows: on each direction, the points' places in ascending order. */
export interface Shadows {
  lines: Float64Array[];
}

/**
 * @param points rows of `size` numbers
 * @param lines how many directions
 * @param most points, at most; of more, a random choice that depends on their number alone
 */
export function shadowsOf(
  points: Float32Array | Float64Array,
  size: number,
  lines: number,
  most: number,
): Shadows {
  const chosen = sample(points.length / size, most, SEED);
  const cloud = new Float64Array(chosen.length * size);
  for (const [row, at] of chosen.entries())
    cloud.set(points.subarray(at * size, (at + 1) * size), row * size);
  const places = new Float64Array(lines * chosen.length);
  addProducts(directions(lines, size, SEED), lines, cloud, chosen.length, size, places);
  return {
    lines: Array.from({ length: lines }, (_, i) =>
      places.subarray(i * chosen.length, (i + 1) * chosen.length).sort(),
    ),
  };
}

/** The mean over directions of ∫ |quantile of a − quantile of b|^power. */
export function slicedCost(a: Shadows, b: Shadows, power: 1 | 2): number {
  let sum = 0;
  for (const [i, line] of a.lines.entries()) sum += transport(line, b.lines[i]!, power);
  return sum / a.lines.length;
}

/** The mean over directions of the mean square of the places. */
export function meanSquare({ lines }: Shadows): number {
  let sum = 0;
  for (const line of lines) sum += line.reduce((total, place) => total + place * place, 0) / line.length;
  return sum / lines.length;
}

/** Of two sorted lists, which need not be equally long: their quantile functions are compared step by step. */
function transport(a: Float64Array, b: Float64Array, power: 1 | 2): number {
  let sum = 0;
  let [i, j, done] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const [endA, endB] = [(i + 1) / a.length, (j + 1) / b.length];
    const end = Math.min(endA, endB);
    const gap = Math.abs(a[i]! - b[j]!);
    sum += (end - done) * (power === 1 ? gap : gap * gap);
    done = end;
    // Of equal lengths both end at once; a difference of rounding is a step of no width.
    if (endA <= end) i++;
    if (endB <= end) j++;
  }
  return sum;
}
