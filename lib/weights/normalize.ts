// A normalised network (Gatys, Ecker & Bethge 2015): the same function, with every channel after a ReLU scaled to be one
// in the mean over some images, so that no layer or channel outweighs another only because its numbers are larger.

import { addon, cpuBackend } from '../engine/addon.js';
import { descriptionOf, layersOf } from '../engine/layers.js';
import { threadsAtOnce } from '../engine/limits.js';
import { OptionError } from '../errors.js';
import { readImage } from '../image/read.js';
import { resize } from '../image/resize.js';
import type { ImageSource, Raster } from '../image/types.js';
import { sizeAt } from '../run/scales.js';
import { asFloats } from './formats/numbers.js';
import type { EngineTensor } from './formats/tensors.js';
import type { Convolution, NetworkDescription } from './network.js';
import { inTurns } from './turns.js';

/** Larger images are made smaller, to this long side: VGG was trained on 224 pixels. */
const LONG_SIDE = 512;

const MAX_PIXELS = 2 ** 28;

/** Less than what leaves a pixel at the last layer is no image. */
const SHORT_SIDE = 32;

/**
 * Scales the channels of `network` so that the mean of each over all positions of all images is one. A ReLU and a pool
 * let a positive factor through, so dividing a layer's kernels and biases by its channels' means and multiplying what
 * the next layer makes of them gives, but for these factors, the same features. A channel that is zero throughout stays
 * as it is. Pooling is max.
 *
 * @returns a network of float32, without its classifier
 * @throws OptionError for no images or one that is too small, ImageError for one that cannot be read
 */
export async function normalize(
  network: NetworkDescription,
  images: readonly ImageSource[],
): Promise<NetworkDescription> {
  if (images.length === 0) throw new OptionError('normalize', images, 'normalize needs at least one image');
  const means = await channelMeans(network, images);
  let before: number[] | undefined;
  const convolutions: Convolution[] = [];
  for (const [layer, convolution] of network.convolutions.entries()) {
    convolutions.push(await rescale(convolution, before, means[layer]!));
    before = means[layer]!;
  }
  const { classifier, ...rest } = network; // which was trained on what it was fed before
  return { ...rest, convolutions };
}

/** The mean of every channel of every ReLU; 1 for one that is never positive. */
async function channelMeans(
  network: NetworkDescription,
  images: readonly ImageSource[],
): Promise<number[][]> {
  const layers = layersOf(network).filter(({ kind }) => kind === 'relu');
  const targets = [{ image: 0, blend: 1 }];
  const terms = layers.map(({ name }) => ({ name, kind: 'mean-std', weight: 1, layers: [name], targets }));
  const threads = threadsAtOnce();
  const whole = descriptionOf(network, network.convolutions.length);
  const engine = await addon().Network.load(await cpuBackend(), whole);
  const sums = network.convolutions.map(({ outputs }) => new Float64Array(outputs));
  let positions = 0;
  try {
    for (const source of images) {
      const image = await load(source, threads);
      const size = image.width * image.height;
      const found = await addon().collect([engine], { ...HOW, threads, image, terms });
      for (const [layer, [statistic]] of found.entries()) {
        const sum = sums[layer]!; // the means come first
        for (let channel = 0; channel < sum.length; channel++) sum[channel]! += statistic![channel]! * size;
      }
      positions += size;
    }
  } finally {
    engine.dispose();
  }
  return sums.map((channels) => Array.from(channels, (sum) => (sum > 0 ? sum / positions : 1)));
}

/** How features are made; VGG was trained like this. */
const HOW = { pooling: 'max', rounding: 'floor' } as const;

async function load(source: ImageSource, threads: number): Promise<Raster> {
  const image = await readImage(source, 'normalize', MAX_PIXELS);
  const { width, height } = image;
  if (Math.min(width, height) < SHORT_SIDE) {
    const problem = `normalize needs images of at least ${SHORT_SIDE} pixels a side, not ${width} × ${height}`;
    throw new OptionError('normalize', source, problem);
  }
  const long = Math.max(width, height);
  return long > LONG_SIDE ? resize(image, sizeAt(image, LONG_SIDE), { threads }) : image;
}

/** With inputs that are divided by `before`, outputs that are divided by `after`. */
async function rescale(
  convolution: Convolution,
  before: number[] | undefined,
  after: number[],
): Promise<Convolution> {
  const { inputs, weight, bias } = convolution;
  const kernel = await asFloats(weight);
  await multiply(kernel, (output, at) => (before?.[Math.trunc(at / 9)] ?? 1) / after[output]!, inputs * 9);
  const biases = await asFloats(bias);
  await multiply(biases, (output) => 1 / after[output]!, 1);
  return { ...convolution, weight: kernel, bias: biases };
}

/** Multiplies each value by a factor that depends on the row that it is in, of `length` values, and its place there. */
async function multiply(
  { data }: EngineTensor,
  factor: (row: number, at: number) => number,
  length: number,
): Promise<void> {
  const values = new DataView(data.buffer, data.byteOffset, data.length);
  await inTurns(data.length / 4, (start, end) => {
    for (let i = start; i < end; i++) {
      const row = Math.trunc(i / length);
      values.setFloat32(4 * i, values.getFloat32(4 * i, true) * factor(row, i - row * length), true);
    }
  });
}
