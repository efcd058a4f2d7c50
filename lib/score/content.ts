// What is left of the content: whether what was alike is still alike, and how far features have turned.

import type { EngineFeatures } from '../engine/addon.js';
import { addProducts } from './products.js';
import { sample } from './random.js';

/** Positions whose similarities to all others are looked at. */
const ROWS = 1024;

const SEED = 20210;

/** Of some positions (rows), how much alike all positions are to each: log softmax, row by row. */
export interface Similarities {
  rows: number;
  positions: number;
  logs: Float32Array;
}

/**
 * S = softmax over rows of F Fᵀ / C, as the content loss of StyleID's evaluation (CFSD) has it, but for the scale: features
 * are scaled to a root mean square of 1, because networks differ a hundredfold in it, and for the rows: at most 1024 of
 * them, always the same ones.
 */
export function similaritiesOf({ data, channels, width, height }: EngineFeatures): Similarities {
  const positions = width * height;
  const all = Float64Array.from(data);
  let square = 0;
  for (const value of all) square += value * value;
  const scale = square > 0 ? 1 / Math.sqrt(square / all.length) : 0;
  for (let i = 0; i < all.length; i++) all[i]! *= scale;
  const chosen = sample(positions, ROWS, SEED);
  const some = new Float64Array(chosen.length * channels);
  for (const [row, at] of chosen.entries()) {
    some.set(all.subarray(at * channels, (at + 1) * channels), row * channels);
  }
  const products = new Float64Array(chosen.length * positions);
  addProducts(some, chosen.length, all, positions, channels, products);
  const logs = new Float32Array(products.length);
  for (let start = 0; start < products.length; start += positions) {
    const row = products.subarray(start, start + positions);
    let most = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < positions; i++) {
      row[i]! /= channels;
      if (row[i]! > most) most = row[i]!;
    }
    let sum = 0;
    for (let i = 0; i < positions; i++) sum += Math.exp(row[i]! - most);
    const total = most + Math.log(sum);
    for (let i = 0; i < positions; i++) logs[start + i] = row[i]! - total;
  }
  return { rows: chosen.length, positions, logs };
}

/** The mean over rows of KL(content ‖ picture), in nats. */
export function divergence(content: Similarities, picture: Similarities): number {
  let sum = 0;
  for (let i = 0; i < content.logs.length; i++) {
    const log = content.logs[i]!;
    sum += Math.exp(log) * (log - picture.logs[i]!);
  }
  return Math.max(0, sum) / content.rows;
}

/**
 * LPIPS without what it has learnt: the mean over layers and positions of ‖f/‖f‖ − g/‖g‖‖², from 0 to 2.
 * @param content as many layers as `picture`, of the same sizes
 */
export function perceptualDistance(
  picture: readonly EngineFeatures[],
  content: readonly EngineFeatures[],
): number {
  const layers = picture.map(({ data: f, channels, width, height }, layer) => {
    const g = content[layer]!.data;
    let sum = 0;
    for (let start = 0; start < f.length; start += channels) {
      let [ff, fg, gg] = [0, 0, 0];
      for (let k = start; k < start + channels; k++) {
        ff += f[k]! * f[k]!;
        fg += f[k]! * g[k]!;
        gg += g[k]! * g[k]!;
      }
      // ‖u − v‖² = ‖u‖² + ‖v‖² − 2 u·v, where a feature that is nothing has no direction.
      const [lengthF, lengthG] = [Math.sqrt(ff), Math.sqrt(gg)];
      sum += Math.sign(ff) + Math.sign(gg);
      if (lengthF > 0 && lengthG > 0) sum -= (2 * fg) / (lengthF * lengthG);
    }
    return sum / (width * height);
  });
  return Math.max(0, layers.reduce((a, b) => a + b, 0) / layers.length);
}
