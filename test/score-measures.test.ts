// The judge's measures, each against a small computation in plain loops, and where the answer is known.

import test from 'ava';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { EngineFeatures } from '../dist/engine/addon.js';
import { coloursOf, paletteDistance, paletteOf, strengthOf } from '../dist/score/colour.js';
import { divergence, perceptualDistance, similaritiesOf } from '../dist/score/content.js';
import { gramError, momentsOf, normalOf, wasserstein } from '../dist/score/moments.js';
import { addProducts } from '../dist/score/products.js';
import { directions, sample } from '../dist/score/random.js';
import { meanSquare, shadowsOf, slicedCost } from '../dist/score/sliced.js';
import { tinter } from '../dist/score/tint.js';
import { plain, wave } from './support/runs.js';
import { seeded } from './support/safetensors.js';

/** Not negative, as after a ReLU; some positions are nothing at all. */
function features(width: number, height: number, channels: number, seed: number): EngineFeatures {
  const random = seeded(seed);
  const data = new Float32Array(width * height * channels);
  for (let p = 0; p < width * height; p++) {
    const none = random() < 0.05;
    for (let c = 0; c < channels; c++) data[p * channels + c] = none ? 0 : Math.max(0, 5 * random() - 1);
  }
  return { data, width, height, channels };
}

function close(
  t: { true(ok: boolean, message: string): void },
  value: number,
  expected: number,
  tolerance: number,
) {
  t.true(Math.abs(value - expected) <= tolerance, `${value} is not ${expected}`);
}

test('products of rows, at sizes that are no multiple of anything', (t) => {
  const random = seeded(1);
  for (const [rows, columns, depth] of [
    [1, 1, 1],
    [2, 4, 3],
    [3, 7, 5],
    [5, 6, 1],
    [7, 13, 11],
  ] as const) {
    const a = Float64Array.from({ length: rows * depth }, random);
    const b = Float64Array.from({ length: columns * depth }, random);
    const to = new Float64Array(rows * columns).fill(0.5);
    addProducts(a, rows, b, columns, depth, to);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let expected = 0.5;
        for (let k = 0; k < depth; k++) expected += a[i * depth + k]! * b[j * depth + k]!;
        close(t, to[i * columns + j]!, expected, 1e-12);
      }
    }
  }
});

test('a sample is some indices, each once, the same every time', (t) => {
  t.deepEqual([...sample(5, 9, 1)], [0, 1, 2, 3, 4]);
  const some = [...sample(1000, 100, 1)];
  t.is(new Set(some).size, 100);
  t.deepEqual(some, [...sample(1000, 100, 1)]);
  t.deepEqual(
    some,
    [...some].sort((a, b) => a - b),
  );
  t.true(some[0]! >= 0 && some.at(-1)! < 1000);
  t.notDeepEqual(some, [...sample(1000, 100, 2)]);
});

test('directions are of length one and point everywhere', (t) => {
  const all = directions(2000, 3, 5);
  const mean = [0, 0, 0];
  for (let i = 0; i < all.length; i += 3) {
    close(t, Math.hypot(all[i]!, all[i + 1]!, all[i + 2]!), 1, 1e-12);
    for (let k = 0; k < 3; k++) mean[k]! += all[i + k]! / 2000;
  }
  t.true(Math.hypot(...mean) < 0.05);
});

test('means and Gram matrices', (t) => {
  for (const [width, height, channels] of [
    [1, 1, 1],
    [7, 5, 3],
    [23, 31, 19],
    [16, 16, 33],
  ] as const) {
    const f = features(width, height, channels, 2);
    const { mean, gram } = momentsOf(f);
    const positions = width * height;
    for (let i = 0; i < channels; i++) {
      let sum = 0;
      for (let p = 0; p < positions; p++) sum += f.data[p * channels + i]! / positions;
      close(t, mean[i]!, sum, 1e-12);
      for (let j = 0; j < channels; j++) {
        let product = 0;
        for (let p = 0; p < positions; p++) {
          product += (f.data[p * channels + i]! * f.data[p * channels + j]!) / positions;
        }
        close(t, gram[i * channels + j]!, product, 1e-11);
      }
    }
  }
});

test('the relative error of Gram matrices', (t) => {
  const f = momentsOf(features(9, 8, 5, 3));
  t.is(gramError(f, f), 0);
  const twice = { ...f, gram: f.gram.map((value) => 2 * value) };
  close(t, gramError(twice, f), 1, 1e-12);
  close(t, gramError({ ...f, gram: f.gram.map(() => 0) }, f), 1, 1e-12);
});

test('Wasserstein-2 of normal distributions: independent channels have a sum for it', (t) => {
  const diagonal = (means: number[], deviations: number[]) => {
    const channels = means.length;
    const gram = new Float64Array(channels * channels);
    for (let i = 0; i < channels; i++) {
      for (let j = 0; j < channels; j++) {
        gram[i * channels + j] = means[i]! * means[j]! + (i === j ? deviations[i]! ** 2 : 0);
      }
    }
    return { channels, mean: Float64Array.from(means), gram };
  };
  const a = diagonal([1, 2, -1, 0], [1, 2, 0, 3]);
  const b = diagonal([0, 2, 1, 0], [2, 2, 1, 0]);
  const square = 1 + 0 + 4 + 0 + (1 + 0 + 1 + 9);
  const length = 0 + 4 + 1 + 0 + (4 + 4 + 1 + 0);
  close(t, wasserstein(a, normalOf(b)), Math.sqrt(square / length), 1e-7);
  close(t, wasserstein(b, normalOf(b)), 0, 1e-7);
});

test('Wasserstein-2 of normal distributions: as by eigenvectors, and a rotation of both changes nothing', (t) => {
  const channels = 11;
  const a = momentsOf(features(13, 9, channels, 4));
  const b = momentsOf(features(10, 17, channels, 5));
  const matrix = (values: Float64Array) => Matrix.from1DArray(channels, channels, values);
  const covariance = ({ gram, mean }: typeof a) =>
    matrix(gram).sub(Matrix.columnVector([...mean]).mmul(Matrix.rowVector([...mean])));
  // tr (ΣT)^½ by the eigenvalues of the product, which is not symmetric.
  const product = covariance(a).mmul(covariance(b));
  const roots = new EigenvalueDecomposition(product).realEigenvalues.map((value) =>
    Math.sqrt(Math.max(0, value)),
  );
  let square = covariance(a).trace() + covariance(b).trace() - 2 * roots.reduce((x, y) => x + y, 0);
  for (let c = 0; c < channels; c++) square += (a.mean[c]! - b.mean[c]!) ** 2;
  const expected = Math.sqrt(square / matrix(b.gram).trace());
  close(t, wasserstein(a, normalOf(b)), expected, 1e-7);

  // A Householder reflection.
  const v = directions(1, channels, 6);
  const q = Matrix.eye(channels).sub(
    Matrix.columnVector([...v])
      .mmul(Matrix.rowVector([...v]))
      .mul(2),
  );
  const turned = (of: typeof a) => ({
    channels,
    mean: Float64Array.from(q.mmul(Matrix.columnVector([...of.mean])).to1DArray()),
    gram: Float64Array.from(q.mmul(matrix(of.gram)).mmul(q).to1DArray()),
  });
  close(t, wasserstein(turned(a), normalOf(turned(b))), expected, 1e-7);
});

test('sliced distances: nothing to itself, a shift by its shadows, whatever the number of points', (t) => {
  const [size, shift] = [4, [3, 0, -1, 2]];
  const random = seeded(7);
  const points = Float64Array.from({ length: 500 * size }, random);
  const moved = points.map((value, i) => value + shift[i % size]!);
  const all = 64;
  const shadows = (of: Float64Array) => shadowsOf(of, size, all, 1000);
  t.is(slicedCost(shadows(points), shadows(points), 1), 0);
  let [first, second] = [0, 0];
  // The shadow of the shift, as the points' shadows are made: one point at the origin has the same lines.
  for (const [place] of shadowsOf(Float64Array.from(shift), size, all, 1).lines) {
    first += Math.abs(place!) / all;
    second += place! ** 2 / all;
  }
  close(t, slicedCost(shadows(points), shadows(moved), 1), first, 1e-12);
  close(t, slicedCost(shadows(points), shadows(moved), 2), second, 1e-12);
  close(t, meanSquare(shadowsOf(Float64Array.from(shift), size, all, 1)), second, 1e-12);
  // Every point three times is the same cloud.
  const thrice = new Float64Array([...points, ...points, ...points]);
  close(t, slicedCost(shadowsOf(thrice, size, all, 2000), shadows(moved), 2), second, 1e-12);
});

test('sliced distances of clouds of other sizes go by the integral over quantiles', (t) => {
  const line = (...places: number[]) => ({ lines: [Float64Array.from(places)] });
  // Quantiles: 0 0 1 1 2 2 in sixths against 0 0 0 4 4 4.
  close(t, slicedCost(line(0, 1, 2), line(0, 4), 1), (0 + 0 + 1 + 3 + 2 + 2) / 6, 1e-12);
  close(t, slicedCost(line(0, 1, 2), line(0, 4), 2), (0 + 0 + 1 + 9 + 4 + 4) / 6, 1e-12);
});

test('self-similarity is the divergence of softmax rows, and does not see brightness', (t) => {
  const [width, height, channels] = [5, 7, 6];
  const a = features(width, height, channels, 8);
  const b = features(width, height, channels, 9);
  const positions = width * height;
  const rows = ({ data }: EngineFeatures) => {
    const scale = Math.sqrt(data.reduce((sum, v) => sum + v * v, 0) / data.length);
    return Array.from({ length: positions }, (_, i) => {
      const row = Array.from({ length: positions }, (_, j) => {
        let dot = 0;
        for (let c = 0; c < channels; c++) dot += data[i * channels + c]! * data[j * channels + c]!;
        return Math.exp(dot / scale ** 2 / channels);
      });
      const sum = row.reduce((x, y) => x + y, 0);
      return row.map((value) => value / sum);
    });
  };
  const [p, q] = [rows(a), rows(b)];
  let expected = 0;
  for (const [i, row] of p.entries()) {
    for (const [j, value] of row.entries()) expected += (value * Math.log(value / q[i]![j]!)) / positions;
  }
  t.true(expected > 1e-3);
  close(t, divergence(similaritiesOf(a), similaritiesOf(b)), expected, 1e-6);
  t.is(divergence(similaritiesOf(a), similaritiesOf(a)), 0);
  const brighter = { ...a, data: a.data.map((value) => 3 * value) };
  close(t, divergence(similaritiesOf(a), similaritiesOf(brighter)), 0, 1e-6);
});

test('of many positions some rows are compared, with all', (t) => {
  const { rows, positions } = similaritiesOf(features(40, 30, 2, 3));
  t.deepEqual([rows, positions], [1024, 1200]);
});

test('the perceptual distance is between directions', (t) => {
  const [a, b] = [features(6, 5, 4, 10), features(6, 5, 4, 11)];
  const unit = (data: Float32Array, p: number) => {
    const f = [...data.subarray(p * 4, p * 4 + 4)];
    const length = Math.hypot(...f);
    return f.map((value) => (length > 0 ? value / length : 0));
  };
  let sum = 0;
  for (let p = 0; p < 30; p++) {
    const [u, v] = [unit(a.data, p), unit(b.data, p)];
    sum += u.reduce((total, value, k) => total + (value - v[k]!) ** 2, 0) / 30;
  }
  const across = { width: 1, height: 1, channels: 2 };
  const right = [{ ...across, data: Float32Array.of(3, 0) }];
  const up = [{ ...across, data: Float32Array.of(0, 5) }];
  close(t, perceptualDistance([a], [b]), sum, 1e-6);
  close(t, perceptualDistance([a, ...right], [b, ...up]), (sum + 2) / 2, 1e-6);
  close(t, perceptualDistance([a], [a]), 0, 1e-6);
  t.is(perceptualDistance(right, [{ ...across, data: Float32Array.of(7, 0) }]), 0);
  t.is(perceptualDistance(right, [{ ...across, data: Float32Array.of(0, 0) }]), 1);
});

test('OKLab of colours that its author gives', (t) => {
  for (const [colour, lab] of [
    [
      [255, 255, 255],
      [1, 0, 0],
    ],
    [
      [255, 0, 0],
      [0.628, 0.2249, 0.1258],
    ],
    [
      [0, 255, 0],
      [0.8664, -0.2339, 0.1795],
    ],
    [
      [0, 0, 255],
      [0.452, -0.0325, -0.3115],
    ],
    [
      [300, -5, 0],
      [0.628, 0.2249, 0.1258],
    ],
    [
      [0, 0, 0],
      [0, 0, 0],
    ],
  ] as [[number, number, number], number[]][]) {
    const found = coloursOf(plain(1, 1, colour)).lab;
    for (let k = 0; k < 3; k++) close(t, found[k]!, lab[k]!, 2e-4);
  }
});

test('palettes: where the pixels are does not count, what they are does', (t) => {
  const image = wave(20, 10);
  const upside = { ...image, data: image.data.slice() };
  for (let p = 0; p < 200; p++) upside.data.set(image.data.subarray(p * 3, p * 3 + 3), (199 - p) * 3);
  const palette = (of: typeof image) => paletteOf(coloursOf(of));
  close(t, paletteDistance(palette(image), palette(upside)), 0, 1e-12);
  // From black to white is 1 along L, of which the shadows show half in the mean.
  const gap = paletteDistance(palette(plain(9, 9, [0, 0, 0])), palette(plain(9, 9, [255, 255, 255])));
  close(t, gap, 0.5, 0.05);
});

test('contrast and saturation', (t) => {
  const black = plain(2, 1, [0, 0, 0]);
  black.data.fill(255, 3);
  const { contrast, saturation } = strengthOf(coloursOf(black));
  close(t, contrast, 0.5, 1e-4);
  close(t, saturation, 0, 1e-4);
  const red = strengthOf(coloursOf(plain(3, 3, [255, 0, 0])));
  close(t, red.contrast, 0, 1e-12);
  close(t, red.saturation, Math.hypot(0.2249, 0.1258), 2e-4);
  close(t, red.saturationSpread, 0, 1e-12);
});

test('a tint gives means and deviations of channels, and moves what is flat', (t) => {
  const style = wave(30, 20, 5);
  const tint = tinter(style);
  const channel = (data: Float32Array, c: number) => {
    const values = [...data].filter((_, i) => i % 3 === c);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return [mean, Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length)];
  };
  const tinted = tint({ ...wave(11, 7, 6), data: wave(11, 7, 6).data.map((v) => 10 + v / 3) });
  for (const c of [0, 1, 2]) {
    const [mean, deviation] = channel(tinted.data, c);
    const [wanted, deviationWanted] = channel(style.data, c);
    close(t, mean!, wanted!, 1e-3);
    close(t, deviation!, deviationWanted!, 1e-3);
    close(t, tint(plain(4, 4, [9, 9, 9])).data[c]!, wanted!, 1e-3);
  }
});
