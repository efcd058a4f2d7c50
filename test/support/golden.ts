// The golden inputs and what the engine makes of them; also run by itself, in a process per instruction set.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { addon, cpuBackend, type EngineLosses, type SessionOptions } from '../../dist/engine/addon.js';
import { descriptionOf, needsOf } from '../../dist/engine/layers.js';
import { readImage } from '../../dist/image/read.js';
import type { Raster } from '../../dist/image/types.js';
import { readNetwork } from '../../dist/weights/network.js';
import { relative } from './runs.js';
import { contentTerm, styleTerm, tvTerm } from './terms.js';

export const GOLDEN = fileURLToPath(new URL('../../../shared/golden', import.meta.url));
export const WEIGHTS = fileURLToPath(new URL('../../../shared/weights/vgg19.safetensors', import.meta.url));

export function golden<T>(name: string): T {
  return JSON.parse(readFileSync(`${GOLDEN}/${name}`, 'utf8')) as T;
}

const STYLE_LAYERS = ['relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1'];

/** What the programs compared with call the losses. */
export interface Terms {
  content: number[];
  style: number[];
  total: number;
}

/** Of the settings below: the content first, then the styles, then the total variation. */
export function termsOf({ terms, total }: EngineLosses): Terms {
  return { content: terms.slice(0, 1), style: terms.slice(1, 1 + STYLE_LAYERS.length), total };
}

async function inputs() {
  const network = await readNetwork(WEIGHTS);
  const { convolutions } = needsOf(network, settings('adam').terms, 'floor');
  const read = (name: string) => readImage(`${GOLDEN}/${name}`, name, 1e6);
  return {
    network: await addon().Network.load(await cpuBackend(), descriptionOf(network, convolutions)),
    content: await read('content-128x96.png'),
    style: await read('style-128x101.png'),
  };
}

/** What a case changes. */
export type Changes = Partial<Pick<SessionOptions, 'pooling' | 'rounding'>> & { tvWeight?: number };

function settings(kind: 'adam' | 'lbfgs', { tvWeight = 0, ...changes }: Changes = {}): SessionOptions {
  return {
    pooling: 'max',
    rounding: 'floor',
    terms: [
      contentTerm('relu4_2', 5),
      ...STYLE_LAYERS.map((layer) => styleTerm(layer, 100)),
      tvTerm(tvWeight),
    ],
    optimizer: { kind, learningRate: 1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, history: 100, firstStep: 0 },
    averaging: 0,
    threads: 2,
    ...changes,
  };
}

/** The losses of each iteration, from the content image on. */
export async function iterate(kind: 'adam' | 'lbfgs', changes: Changes, iterations: number) {
  const { network, content, style } = await inputs();
  const given = { ...settings(kind, changes), start: content, images: [content, style], masks: [] };
  const session = await addon().Session.create([network], given).session;
  const losses: Terms[] = [];
  for (let i = 0; i < iterations; i++) losses.push(termsOf(await session.step(1)));
  await session.dispose();
  return losses;
}

/** The losses at the content image flipped left to right, and how far the gradient is from the stored one. */
export async function gradients() {
  const { network, content, style } = await inputs();
  const start = flipped(content);
  const runs: Record<string, { losses: Terms; error: number }> = {};
  for (const [name, pooling, rounding] of [
    ['max-floor', 'max', 'floor'],
    ['max-ceil', 'max', 'ceil'],
    ['avg-floor', 'average', 'floor'],
  ] as const) {
    const given = { ...settings('lbfgs', { pooling, rounding }), start, images: [content, style], masks: [] };
    const session = await addon().Session.create([network], given).session;
    const losses = termsOf(await session.step(1));
    const gradient = await session.gradient();
    await session.dispose();
    runs[name] = { losses, error: relative(planes(gradient), stored(`gradient-${name}.npy`)) };
  }
  return { instructionSet: addon().instructionSet, runs };
}

function flipped({ data, width, height }: Raster): Raster {
  const from = (x: number, y: number) => (y * width + width - 1 - x) * 3;
  const mirrored = data.map((_, i) => {
    const pixel = Math.floor(i / 3);
    return data[from(pixel % width, Math.floor(pixel / width)) + (i % 3)]!;
  });
  return { data: mirrored, width, height };
}

/** Channel by channel instead of pixel by pixel. */
function planes(data: Float32Array): Float32Array {
  const pixels = data.length / 3;
  return data.map((_, i) => data[(i % pixels) * 3 + Math.floor(i / pixels)]!);
}

/** A NumPy file of float32. */
function stored(name: string): Float32Array {
  const file = readFileSync(`${GOLDEN}/${name}`);
  return new Float32Array(new Uint8Array(file.subarray(10 + file.readUInt16LE(8))).buffer);
}
