// A layer's features as a cloud of points, one a position: means, second moments, and how far two clouds are apart as
// normal distributions.

import { EigenvalueDecomposition, Matrix, SingularValueDecomposition } from 'ml-matrix';
import type { EngineFeatures } from '../engine/addon.js';
import { addProducts } from './products.js';

/** Positions that are added up at a time. */
const BLOCK = 256;

/** Of C channels over M positions: μ, and the Gram matrix F Fᵀ / M. */
export interface Moments {
  channels: number;
  mean: Float64Array;
  gram: Float64Array;
}

export function momentsOf({ data, channels, width, height }: EngineFeatures): Moments {
  const positions = width * height;
  const mean = new Float64Array(channels);
  const gram = new Float64Array(channels * channels);
  const block = new Float64Array(channels * BLOCK);
  for (let start = 0; start < positions; start += BLOCK) {
    const count = Math.min(BLOCK, positions - start);
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let k = 0; k < count; k++) {
        const value = data[(start + k) * channels + c]!;
        block[c * count + k] = value;
        sum += value;
      }
      mean[c]! += sum;
    }
    addLower(block, channels, count, gram);
  }
  for (let c = 0; c < channels; c++) mean[c]! /= positions;
  for (let i = 0; i < channels; i++) {
    for (let j = 0; j <= i; j++) {
      const value = gram[i * channels + j]! / positions;
      gram[i * channels + j] = value;
      gram[j * channels + i] = value;
    }
  }
  return { channels, mean, gram };
}

/** Rows of a symmetric product that are made at a time, up to their own last column. */
const STRIP = 16;

/** Adds x xᵀ for `rows` rows of `depth` numbers, below the diagonal and a little above it. */
function addLower(x: Float64Array, rows: number, depth: number, to: Float64Array): void {
  for (let first = 0; first < rows; first += STRIP) {
    const count = Math.min(STRIP, rows - first);
    const columns = first + count;
    const part = new Float64Array(count * columns);
    addProducts(x.subarray(first * depth, columns * depth), count, x, columns, depth, part);
    for (let i = 0; i < count; i++) {
      const row = (first + i) * rows;
      for (let j = 0; j < columns; j++) to[row + j]! += part[i * columns + j]!;
    }
  }
}

/** ‖G − T‖ / ‖T‖ (Frobenius): 0 for the same, about 1 for nothing at all. */
export function gramError({ gram }: Moments, { gram: target }: Moments): number {
  let error = 0;
  let square = 0;
  for (let i = 0; i < target.length; i++) {
    error += (gram[i]! - target[i]!) ** 2;
    square += target[i]! ** 2;
  }
  return Math.sqrt(error / square);
}

/** What features are compared with again and again: its moments and the root of its covariance. */
export interface Normal extends Moments {
  covariance: Float64Array;
  root: Float64Array;
}

export function normalOf(moments: Moments): Normal {
  const { channels } = moments;
  const covariance = covarianceOf(moments);
  const matrix = Matrix.from1DArray(channels, channels, covariance);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  // S = V √Λ Vᵀ, where rounding leaves nothing below 0.
  const rows = new Float64Array(channels * channels);
  const scaled = new Float64Array(channels * channels);
  for (let i = 0; i < channels; i++) {
    for (let k = 0; k < channels; k++) {
      const value = eigenvectorMatrix.get(i, k);
      rows[i * channels + k] = value;
      scaled[i * channels + k] = value * Math.sqrt(Math.max(0, realEigenvalues[k]!));
    }
  }
  return { ...moments, covariance, root: product(scaled, rows, channels) };
}

/**
 * The 2-Wasserstein distance of the normal distributions that have these means and covariances, over the root mean square
 * length of the target's features:
 *
 *     W² = ‖μ − μ_T‖² + tr Σ + tr Σ_T − 2 tr (Σ_T^½ Σ Σ_T^½)^½
 */
export function wasserstein(moments: Moments, target: Normal): number {
  const { channels } = moments;
  const covariance = covarianceOf(moments);
  let square = trace(covariance, channels) + trace(target.covariance, channels);
  for (let c = 0; c < channels; c++) square += (moments.mean[c]! - target.mean[c]!) ** 2;
  // All are symmetric, so that rows stand for columns.
  const inner = product(product(target.root, covariance, channels), target.root, channels);
  // Of a matrix that is symmetric and not negative, singular values are the eigenvalues, and these come without vectors.
  const { diagonal } = new SingularValueDecomposition(Matrix.from1DArray(channels, channels, inner), {
    computeLeftSingularVectors: false,
    computeRightSingularVectors: false,
  });
  for (const value of diagonal) square -= 2 * Math.sqrt(Math.max(0, value));
  return Math.sqrt(Math.max(0, square) / trace(target.gram, channels));
}

function covarianceOf({ gram, mean, channels }: Moments): Float64Array {
  const to = Float64Array.from(gram);
  for (let i = 0; i < channels; i++) {
    for (let j = 0; j < channels; j++) to[i * channels + j]! -= mean[i]! * mean[j]!;
  }
  return to;
}

/** a bᵀ */
function product(a: Float64Array, b: Float64Array, size: number): Float64Array {
  const to = new Float64Array(size * size);
  addProducts(a, size, b, size, size, to);
  return to;
}

function trace(matrix: Float64Array, size: number): number {
  let sum = 0;
  for (let i = 0; i < size; i++) sum += matrix[i * size + i]!;
  return sum;
}
