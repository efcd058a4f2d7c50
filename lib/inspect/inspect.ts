// What a network is, layer by layer: shapes and costs from sizes, times from the engine itself.

import { Engine } from '../engine/engine.js';
import { costsOf } from '../engine/layer-costs.js';
import { layersOf } from '../engine/layers.js';
import { OptionError } from '../errors.js';
import type { Precision } from '../options/options.js';
import { findFile } from '../weights/find.js';
import type { Architecture } from '../weights/network.js';
import { type InspectOptions, type ResolvedInspectOptions, resolveInspectOptions } from './options.js';

/** What the engine does in one step: a convolution with its ReLU, or a pool. */
export interface InspectedLayer {
  /** As options name it: `conv1_1`, `pool1`. */
  name: string;
  /** What its ReLU is called, which is made together with it; a pool has none. */
  relu?: string;
  kind: 'conv' | 'pool';
  /** Of its features, in positions. */
  width: number;
  height: number;
  channels: number;
  /** Weights and biases. */
  parameters: number;
  /** Multiplications and additions of a convolution done directly; 0 for a pool. */
  operations: number;
  /** Side of the square of pixels that one position sees. */
  receptiveField: number;
  /** Pixels from one position to the next. */
  stride: number;
  /** Of its features, which an iteration keeps until their gradient is made. */
  bytes: number;
  /** On the way forward, as measured. */
  seconds: number;
}

export interface Inspection {
  /** By name or path, as it was given. */
  network: string;
  /** The file that it was read from. */
  file: string;
  architecture: Architecture;
  /** What it is fed: `(pixel · range / 255 − mean) / std` in its own order of channels. */
  input: {
    channelOrder: 'RGB' | 'BGR';
    range: number;
    mean: number[];
    std: number[];
    padding: 'zero' | 'replicate';
  };
  /** Of the image. */
  width: number;
  height: number;
  /** Where it was measured, and how exactly. */
  device: string;
  precision: Precision;
  /** Of all layers together. */
  parameters: number;
  operations: number;
  bytes: number;
  seconds: number;
  /** In order. */
  layers: InspectedLayer[];
}

/**
 * Looks at a network: what its layers are, and what they take at a size, forward, with max pooling that rounds down. Memory is set aside as for a run.
 *
 * Rejects with an OptionError, WeightsError, DownloadError, DeviceError or MemoryError, or with the signal's reason.
 *
 * @example
 * const { layers } = await inspect({ weights: 'vgg19', width: 512, height: 384 });
 * for (const { name, receptiveField, seconds } of layers) console.log(name, receptiveField, seconds);
 */
export async function inspect(given: InspectOptions = {}): Promise<Inspection> {
  const options = resolveInspectOptions(given);
  options.signal?.throwIfAborted();
  const file = await findFile(options.weights, options);
  const engine = await Engine.open(options);
  try {
    return await inspectOn(engine, file, options);
  } catch (error) {
    return await inspectOn(await engine.retreat(error, options), file, options);
  } finally {
    await engine.close();
  }
}

async function inspectOn(engine: Engine, file: string, options: ResolvedInspectOptions): Promise<Inspection> {
  const { weights, width, height, threads, signal } = options;
  const network = await engine.networks.open(file);
  const { shape } = network;
  checkSize(layersOf(shape).at(-1)!, options);
  const measured = await costsOf(engine, network, { width, height }, { threads, signal });
  let field = 1;
  let stride = 1;
  let inputs = 3;
  const layers = measured
    .filter(({ name }) => name !== 'input')
    .map((cost): InspectedLayer => {
      const isConv = cost.name.startsWith('conv');
      field += (isConv ? 2 : 1) * stride;
      if (!isConv) stride *= 2;
      const products = isConv ? 9 * inputs * cost.channels : 0;
      inputs = cost.channels;
      const { name, ...facts } = cost;
      return {
        name,
        ...(isConv && { relu: name.replace('conv', 'relu') }),
        kind: isConv ? 'conv' : 'pool',
        ...facts,
        parameters: isConv ? products + cost.channels : 0,
        operations: 2 * products * cost.width * cost.height,
        receptiveField: field,
        stride,
      };
    });
  const sum = (of: (layer: InspectedLayer) => number) => layers.reduce((all, layer) => all + of(layer), 0);
  const { channelOrder, range, mean, std, padding } = shape;
  return {
    network: weights,
    file,
    architecture: shape.name,
    input: { channelOrder, range, mean, std, padding },
    width,
    height,
    device: engine.device,
    precision: engine.precision,
    parameters: sum(({ parameters }) => parameters),
    operations: sum(({ operations }) => operations),
    bytes: sum(({ bytes }) => bytes),
    seconds: sum(({ seconds }) => seconds),
    layers,
  };
}

function checkSize(
  deepest: { name: string; stride: number },
  { width, height }: Pick<ResolvedInspectOptions, 'width' | 'height'>,
): void {
  for (const [option, side] of Object.entries({ width, height })) {
    if (side >= deepest.stride) continue;
    const problem = `leaves no position at ${deepest.name}: it needs ${deepest.stride} pixels`;
    throw new OptionError(option, side, `${option} ${side} ${problem}`);
  }
}
