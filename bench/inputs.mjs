// What every engine is given, as plain float32 files in one folder, so that an engine in any language reads the same
// numbers: the convolutions up to relu5_1, and for each size the content image, the style image and the picture at
// which everything is evaluated (the content flipped left-right, so that no loss is zero).
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readImage } from '../dist/image/read.js';
import { resize } from '../dist/image/resize.js';
import { readNetwork } from '../dist/weights/network.js';

const EXAMPLES = { content: '../examples/river.png', style: '../examples/night-sky.png' };

/** The objective, as docs/objective.md has it, without total variation: the peers have none. */
export const OBJECTIVE = {
  contentLayer: 'relu4_2',
  styleLayers: ['relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1'],
  contentWeight: 5,
  styleWeight: 100,
};

/**
 * @typedef {object} Convolution weight is [outputs, inputs, 3, 3], at `weightAt` floats into weights.bin
 * @property {string} name
 * @property {number} inputs
 * @property {number} outputs
 * @property {number} weightAt
 * @property {number} biasAt
 *
 * @typedef {object} Inputs the input of the network is (RGB in 0..255 − mean) / std
 * @property {string} network
 * @property {number[]} mean
 * @property {number[]} std
 * @property {Convolution[]} convolutions
 */

/**
 * Writes inputs.json, weights.bin, and content-S.bin, style-S.bin and start-S.bin for every size S.
 * @param {string} folder
 * @param {{ weights: string, sizes: number[], threads: number }} options
 */
export async function writeInputs(folder, { weights, sizes, threads }) {
  const network = await readNetwork(weights);
  if (network.padding !== 'zero') throw new Error(`${weights}: only networks with zero padding are compared`);
  const last = network.convolutions.findIndex(({ name }) => name === 'conv5_1');
  if (last < 0) throw new Error(`${weights}: the network has no conv5_1`);

  const chunks = [];
  let at = 0;
  const append = (values) => {
    chunks.push(values);
    at += values.length;
    return at - values.length;
  };
  const convolutions = network.convolutions.slice(0, last + 1).map((conv, i) => {
    const weight = floats(conv.weight);
    if (i === 0 && network.channelOrder === 'BGR') swapFirstAndLastInput(weight);
    const { name, inputs, outputs } = conv;
    return { name, inputs, outputs, weightAt: append(weight), biasAt: append(floats(conv.bias)) };
  });
  const blob = new Float32Array(at);
  let done = 0;
  for (const chunk of chunks) {
    blob.set(chunk, done);
    done += chunk.length;
  }
  const inRgb = (triple) => (network.channelOrder === 'BGR' ? triple.toReversed() : triple);
  const in255 = (value) => (value * 255) / network.range;
  const inputs = {
    network: network.name,
    mean: inRgb(network.mean).map(in255),
    std: inRgb(network.std).map(in255),
    convolutions,
    objective: OBJECTIVE,
  };
  await writeFile(join(folder, 'weights.bin'), blob);
  await writeFile(join(folder, 'inputs.json'), JSON.stringify(inputs));

  const read = (name) => readImage(fileURLToPath(new URL(EXAMPLES[name], import.meta.url)), name, 2 ** 28);
  const images = { content: await read('content'), style: await read('style') };
  for (const size of sizes) {
    for (const name of /** @type {const} */ (['content', 'style'])) {
      const { data } = await resize(images[name], { width: size, height: size }, { threads });
      await writeFile(join(folder, `${name}-${size}.bin`), data);
      if (name === 'content') await writeFile(join(folder, `start-${size}.bin`), flipped(data, size));
    }
  }
}

/**
 * @param {string} folder
 * @returns {Inputs & { weightOf(conv: Convolution): Float32Array, biasOf(conv: Convolution): Float32Array }}
 */
export function readInputs(folder) {
  const inputs = JSON.parse(readFileSync(join(folder, 'inputs.json'), 'utf8'));
  const blob = readFloats(join(folder, 'weights.bin'));
  return {
    ...inputs,
    weightOf: ({ weightAt, inputs: i, outputs }) => blob.subarray(weightAt, weightAt + outputs * i * 9),
    biasOf: ({ biasAt, outputs }) => blob.subarray(biasAt, biasAt + outputs),
  };
}

/** @returns {Float32Array} interleaved RGB, 0..255 */
export function readInputImage(folder, name, size) {
  return readFloats(join(folder, `${name}-${size}.bin`));
}

/** Whether two files of floats are nearly the same: the L2 norm of the difference relative to that of the first. */
export async function relativeDifference(expected, actual) {
  const [a, b] = await Promise.all([readFile(expected), readFile(actual)]).then((files) =>
    files.map(asFloats),
  );
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let error = 0;
  let norm = 0;
  for (let i = 0; i < a.length; i++) {
    error += (a[i] - b[i]) ** 2;
    norm += a[i] ** 2;
  }
  return Math.sqrt(error / norm);
}

function readFloats(path) {
  return asFloats(readFileSync(path));
}

function asFloats({ buffer, byteOffset, byteLength }) {
  return new Float32Array(buffer, byteOffset, byteLength / 4);
}

/** A tensor of a weights file as float32. */
function floats({ dtype, data }) {
  const bytes = data.slice().buffer;
  if (dtype === 'F32') return new Float32Array(bytes);
  const halves = new Uint16Array(bytes);
  if (dtype === 'F16') return Float32Array.from(halves, half);
  return new Float32Array(Uint32Array.from(halves, (bits) => bits << 16).buffer);
}

function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Makes a first convolution on BGR one on RGB. */
function swapFirstAndLastInput(weight) {
  for (let at = 0; at < weight.length; at += 27) {
    const first = weight.slice(at, at + 9);
    weight.copyWithin(at, at + 18, at + 27);
    weight.set(first, at + 18);
  }
}

function flipped(data, size) {
  const result = new Float32Array(data.length);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const from = (y * size + x) * 3;
      result.set(data.subarray(from, from + 3), (y * size + size - 1 - x) * 3);
    }
  }
  return result;
}
