// The loop: from options to a picture, through scales and iterations. One generator does the work; stylize() runs it
// as a promise, or hands it to whoever iterates.

import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addon, type EngineNetworkDescription, type EngineOptions, type EngineSession } from './addon.js';
import { engineNetwork, meanColour, smallestSide } from './engine-network.js';
import { DivergedError, ImageError } from './errors.js';
import { Picture } from './image/picture.js';
import { probeImage, readImage } from './image/read.js';
import { resize } from './image/resize.js';
import type { ImageSource, Raster } from './image/types.js';
import { checkMemory } from './memory.js';
import { type ResolvedOptions, resolveOptions, type StylizeOptions } from './options.js';
import type { Progress } from './progress.js';
import { longSides, type Size, sizeAt } from './scales.js';
import { findNetwork } from './weights/find.js';
import type { NetworkDescription } from './weights/network.js';

/** White noise around the network's mean colour: its standard deviation in 0..255. */
const NOISE_DEVIATION = 64;

/**
 * A run: a promise of the picture, and an async iterable of its progress. Iterating drives the run, one iteration per
 * `next()`, and leaving the loop ends it; the promise then resolves with the picture if the loop came to the end, and
 * rejects with an AbortError if it was left early. A run that nobody has begun to iterate by the time stylize()'s caller
 * awaits something goes by itself, and cannot be iterated any more.
 */
export type Stylization = Promise<Picture> & AsyncIterable<Progress>;

/**
 * Paints the content image in the style of others: finds the picture whose VGG features are the content's and whose
 * Gram matrices are the style's (Gatys, Ecker & Bethge, "A Neural Algorithm of Artistic Style", 2015).
 *
 * The picture has the content's aspect with its long side at `size`. Work happens on the engine's own threads; the
 * event loop stays free.
 *
 * Rejects with an OptionError, ImageError, WeightsError, DownloadError or MemoryError before any long work, with a DivergedError
 * (which carries the last good picture) when a loss is no longer finite, and with the signal's reason when aborted.
 *
 * @example
 * const picture = await stylize({ content: 'river.jpg', style: 'starry-night.jpg', size: 512 });
 * await picture.save('out.png');
 */
export function stylize(options: StylizeOptions): Stylization {
  const run = iterate(options);
  const { promise, resolve, reject } = withResolvers<Picture>();
  let driven = false;
  queueMicrotask(() => {
    if (driven) return;
    driven = true;
    drain(run).then(resolve, reject);
  });
  async function* pull(): AsyncGenerator<Progress, void> {
    try {
      resolve(yield* run);
    } catch (error) {
      reject(error);
      throw error;
    } finally {
      reject(left());
    }
  }
  return Object.assign(promise, {
    [Symbol.asyncIterator]() {
      if (driven)
        throw new TypeError('a stylization can be iterated once, and only before anything is awaited');
      driven = true;
      promise.catch(() => {}); // whoever iterates sees the error there
      const iterator = pull();
      const leave = iterator.return.bind(iterator);
      iterator.return = () => {
        reject(left()); // a generator that never began runs no finally
        return leave();
      };
      return iterator;
    },
  });
}

const left = () => new DOMException('the iteration was left before its end', 'AbortError');

async function drain(run: AsyncGenerator<Progress, Picture>): Promise<Picture> {
  for (;;) {
    const { done, value } = await run.next();
    if (done) return value;
  }
}

interface Scale {
  content: Raster;
  styles: Raster[];
}

async function* iterate(given: StylizeOptions): AsyncGenerator<Progress, Picture> {
  const options = resolveOptions(given);
  const { signal } = options;
  signal?.throwIfAborted();

  const engine = addon();
  const description = await findNetwork(options.weights, options);
  const network = engineNetwork(description, options);
  const sides = await plan(options, description, network);
  signal?.throwIfAborted();
  const scales = await readScales(options, sides);
  signal?.throwIfAborted();
  const loaded = await engine.Network.load(network);

  const clock = new Clock(
    scales.map(({ content }) => content.width * content.height),
    options.iterations,
  );
  const record = describe(options);
  let start = await firstPicture(options, description, scales[0]!.content);
  for (const [index, { content, styles }] of scales.entries()) {
    signal?.throwIfAborted();
    const size = { width: content.width, height: content.height };
    start = await resize(start, size, options.threads);
    const creation = engine.Session.create(loaded, {
      ...engineOptions(options),
      content,
      start,
      styles: styles.map((style, i) => ({ ...style, blend: options.styleBlend[i]! })),
    });
    const session = await watched(signal, creation.cancel, creation.session);
    const previews = new Set<Promise<unknown>>();
    const draw = async () =>
      new Picture({ ...size, data: await session.image(), ...alphaOf(content) }, record);
    const image = (): Promise<Picture> => {
      const preview = draw();
      const settled: Promise<unknown> = preview.catch(() => {}).then(() => previews.delete(settled));
      previews.add(settled);
      return preview;
    };
    try {
      for (let iteration = 1; iteration <= options.iterations; iteration++) {
        const losses = await watched(signal, () => session.cancel(), step(session, iteration, size, image));
        const progress: Progress = {
          scale: [size.width, size.height],
          scaleIndex: index + 1,
          scaleCount: scales.length,
          iteration,
          iterations: options.iterations,
          total: losses.total,
          content: byLayer(options.contentLayers, losses.content),
          style: byLayer(options.styleLayers, losses.style),
          tv: losses.tv,
          ...clock.tick(index, iteration),
          image,
        };
        await options.onProgress?.(progress);
        yield progress;
        signal?.throwIfAborted();
      }
      start = { ...size, data: await session.image() };
    } finally {
      await Promise.all(previews);
      await session.dispose();
    }
  }
  return new Picture({ ...start, ...alphaOf(scales.at(-1)!.content) }, record);
}

/** The long sides to go through, after everything that sizes alone can tell has been checked. */
async function plan(
  options: ResolvedOptions,
  description: NetworkDescription,
  network: EngineNetworkDescription,
): Promise<number[]> {
  const { maxPixels } = options;
  const content: Size = await probeImage(options.content, 'content', maxPixels);
  const styles: Size[] = [];
  for (const [i, style] of options.styles.entries()) {
    styles.push(await probeImage(style, styleName(options, i), maxPixels));
  }
  if (options.init !== 'content' && options.init !== 'noise')
    await probeImage(options.init, 'init', maxPixels);

  const smallest = smallestSide(description, options);
  const tooSmall = (image: Size, side: number) => {
    const { width, height } = sizeAt(image, side);
    return Math.min(width, height) < smallest;
  };
  const largeEnough = (side: number) =>
    !tooSmall(content, side) && !styles.some((style) => tooSmall(style, styleSide(options, side)));
  const names = ['content', ...styles.map((_, i) => styleName(options, i))];
  for (const [i, image] of [content, ...styles].entries()) {
    const side = i === 0 ? options.size : styleSide(options, options.size);
    if (!tooSmall(image, side)) continue;
    const { width, height } = sizeAt(image, side);
    throw new ImageError(
      'ERR_IMAGE_SIZE',
      names[i]!,
      `${names[i]} would be ${width}x${height}: these layers need ${smallest} pixels on the short side (size is ${options.size})`,
    );
  }

  let least = 1;
  while (!largeEnough(least)) least++;
  checkMemory(options.size, least, (size) => {
    const sized = sizeAt(content, size);
    const styled = styles.map((style, i) => ({
      ...sizeAt(style, styleSide(options, size)),
      blend: options.styleBlend[i]!,
    }));
    const { network: weights, session } = addon().Session.estimate(network, {
      ...engineOptions(options),
      content: sized,
      styles: styled,
    });
    // Twelve bytes a pixel for every image; the scales below the last add up to about as much again.
    const pixels = [sized, sized, ...styled].reduce((sum, { width, height }) => sum + width * height, 0);
    return weights + session + 24 * pixels;
  });

  return longSides(options.size, options.minSize, options.scales).filter(largeEnough);
}

/** Every image at every scale; the full-sized originals are let go one by one. */
async function readScales(options: ResolvedOptions, sides: number[]): Promise<Scale[]> {
  const atScales = async (source: ImageSource, option: string, sideOf: (side: number) => number) => {
    const image = await readImage(source, option, options.maxPixels);
    options.signal?.throwIfAborted();
    const sized: Raster[] = [];
    for (const side of sides) sized.push(await resize(image, sizeAt(image, sideOf(side)), options.threads));
    return sized;
  };
  const content = await atScales(options.content, 'content', (side) => side);
  const styles: Raster[][] = [];
  for (const [i, style] of options.styles.entries()) {
    styles.push(await atScales(style, styleName(options, i), (side) => styleSide(options, side)));
  }
  return content.map((image, i) => ({ content: image, styles: styles.map((sized) => sized[i]!) }));
}

async function firstPicture(
  { init, seed, maxPixels }: ResolvedOptions,
  description: NetworkDescription,
  content: Raster,
): Promise<Raster> {
  if (init === 'content') return content;
  if (init !== 'noise') return readImage(init, 'init', maxPixels);
  const { width, height } = content;
  const mean = meanColour(description);
  return { width, height, data: await addon().whiteNoise(width, height, mean, NOISE_DEVIATION, seed) };
}

/** Long side of the style images beside a picture of long side `size`. */
function styleSide({ styleScale }: ResolvedOptions, size: number): number {
  return Math.max(1, Math.round(size * styleScale));
}

function styleName({ styles }: ResolvedOptions, i: number): string {
  return styles.length === 1 ? 'style' : `style[${i}]`;
}

function engineOptions(options: ResolvedOptions): EngineOptions {
  const terms = (layers: Record<string, number>, weight: number) =>
    Object.entries(layers).map(([layer, own]) => ({ layer, weight: weight * own }));
  const { pooling, rounding, tvWeight, averaging, threads } = options;
  const { learningRate, history, beta1, beta2, epsilon } = options;
  return {
    pooling,
    rounding,
    contentTerms: terms(options.contentLayers, options.contentWeight),
    styleTerms: terms(options.styleLayers, options.styleWeight),
    tvWeight,
    optimizer: { kind: options.optimizer, learningRate, history, beta1, beta2, epsilon },
    averaging,
    threads,
  };
}

/** Awaits the engine's work; an abort meanwhile cancels it and becomes the error. */
async function watched<T>(signal: AbortSignal | undefined, cancel: () => void, work: Promise<T>): Promise<T> {
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted) cancel(); // since it was last looked at: there is no event any more
  try {
    return await work;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

async function step(session: EngineSession, iteration: number, size: Size, image: () => Promise<Picture>) {
  try {
    return await session.step();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'DIVERGED') throw error;
    throw new DivergedError(
      `the loss is no longer finite at iteration ${iteration} of scale ${size.width}x${size.height}`,
      iteration,
      await image(),
    );
  }
}

function byLayer(layers: Record<string, number>, losses: number[]): Record<string, number> {
  return Object.fromEntries(Object.keys(layers).map((layer, i) => [layer, losses[i]!]));
}

function alphaOf({ alpha }: Raster): { alpha?: Float32Array } {
  return alpha ? { alpha } : {};
}

/** Time so far and to come; an iteration's cost is taken to be proportional to its pixels. */
class Clock {
  readonly #started = performance.now();
  readonly #pixels: number[];
  readonly #iterations: number;

  constructor(pixels: number[], iterations: number) {
    this.#pixels = pixels;
    this.#iterations = iterations;
  }

  tick(scale: number, iteration: number): { elapsed: number; remaining: number } {
    const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
    const elapsed = (performance.now() - this.#started) / 1000;
    const here = this.#pixels[scale]!;
    const done = sum(this.#pixels.slice(0, scale)) * this.#iterations + here * iteration;
    const all = sum(this.#pixels) * this.#iterations;
    return { elapsed, remaining: (elapsed * (all - done)) / done };
  }
}

/** The options as they go into the picture's file: plain values, files by name only. */
function describe(options: ResolvedOptions): Record<string, unknown> {
  const { onProgress, signal, threads, maxPixels, download, content, styles, init, weights, ...values } =
    options;
  const name = (source: ImageSource): string => {
    if (source instanceof URL) return basename(fileURLToPath(source));
    return typeof source === 'string' ? basename(source) : '(in memory)';
  };
  return {
    content: name(content),
    style: styles.map(name),
    init: init === 'content' || init === 'noise' ? init : name(init),
    weights: basename(weights),
    ...values,
  };
}

function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
