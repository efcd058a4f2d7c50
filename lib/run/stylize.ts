// The loop: from options to a picture, through scales and iterations. One generator does the work; stylize() runs it
// as a promise, or hands it to whoever iterates.

import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addon, type EngineNetwork } from '../engine/addon.js';
import { engineNetwork, meanColour } from '../engine/network.js';
import { Placement } from '../engine/placement.js';
import { Picture } from '../image/picture.js';
import { readImage } from '../image/read.js';
import { resize } from '../image/resize.js';
import type { ImageSource, Raster } from '../image/types.js';
import { engineOptions } from '../objective/terms.js';
import { type ResolvedOptions, resolveOptions, type StylizeOptions } from '../options/options.js';
import { findNetwork } from '../weights/find.js';
import type { NetworkDescription } from '../weights/network.js';
import { DivergedError } from './diverged.js';
import type { Progress } from './progress.js';
import { planScales, readScales, type Scale } from './pyramid.js';
import type { Size } from './scales.js';

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
 * Rejects with an OptionError, DeviceError, ImageError, WeightsError, DownloadError or MemoryError before any long work, with
 * a DivergedError (which carries the last good picture) when a loss is no longer finite, with a DeviceError or MemoryError
 * when the GPU fails that was asked for, and with the signal's reason when aborted.
 *
 * @example
 * const picture = await stylize({ content: 'river.jpg', style: 'starry-night.jpg', size: 512 });
 * await picture.save('out.png');
 */
export function stylize(options: StylizeOptions): Stylization {
  const { promise, resolve, reject } = withResolvers<Picture>();
  let driven = false;
  let watched = false;
  const run = iterate(options, () => watched);
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
      watched = true;
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

/** @param watched whether somebody iterates, and wants to see every iteration */
async function* iterate(given: StylizeOptions, watched: () => boolean): AsyncGenerator<Progress, Picture> {
  const options = resolveOptions(given);
  const { signal } = options;
  signal?.throwIfAborted();

  const place = await Placement.open(options);
  try {
    const description = await findNetwork(options.weights, options);
    const network = engineNetwork(description, options);
    const sides = await planScales(options, description, network, place);
    signal?.throwIfAborted();
    const scales = await readScales(options, sides);
    signal?.throwIfAborted();

    const batch = options.onProgress || watched() ? 1 : options.iterations;
    const clock = new Clock(
      scales.map(({ content }) => content.width * content.height),
      options.iterations,
    );
    let start = await firstPicture(options, description, scales[0]!.content);
    for (const [index, scale] of scales.entries()) {
      const paint = async function* () {
        const engine = await place.network(network);
        return yield* paintScale({ options, place, engine, scale, start, batch }, (iteration) => ({
          scaleIndex: index + 1,
          scaleCount: scales.length,
          iterations: options.iterations,
          ...clock.tick(index, iteration),
        }));
      };
      try {
        start = yield* paint();
      } catch (error) {
        await place.retreat(error);
        start = yield* paint(); // this scale again, from its start
      }
    }
    return new Picture({ ...start, ...alphaOf(scales.at(-1)!.content) }, describe(options, place));
  } finally {
    place.dispose();
  }
}

interface Painting {
  options: ResolvedOptions;
  place: Placement;
  engine: EngineNetwork;
  scale: Scale;
  /** Of any size. */
  start: Raster;
  /** Iterations between two looks at them. */
  batch: number;
}

/** All iterations of one scale, from a picture to a picture. */
async function* paintScale(
  { options, place, engine, scale, start, batch }: Painting,
  where: (
    iteration: number,
  ) => Pick<Progress, 'scaleIndex' | 'scaleCount' | 'iterations' | 'elapsed' | 'remaining'>,
): AsyncGenerator<Progress, Raster> {
  const { signal } = options;
  const { content, styles } = scale;
  const size: Size = { width: content.width, height: content.height };
  signal?.throwIfAborted();
  const creation = addon().Session.create(engine, {
    ...engineOptions(options),
    content,
    start: await place.guard(resize(start, size, options.threads, place.backend)),
    styles: styles.map((style, i) => ({ ...style, blend: options.styleBlend[i]! })),
  });
  const session = await watch(signal, creation.cancel, place.guard(creation.session));
  const previews = new Set<Promise<unknown>>();
  const draw = async () => {
    const data = await place.guard(session.image());
    return new Picture({ ...size, data, ...alphaOf(content) }, describe(options, place));
  };
  const image = (): Promise<Picture> => {
    const preview = draw();
    const settled: Promise<unknown> = preview.catch(() => {}).then(() => previews.delete(settled));
    previews.add(settled);
    return preview;
  };
  try {
    for (let iteration = 0; iteration < options.iterations; ) {
      const count = Math.min(batch, options.iterations - iteration);
      const work = place.guard(session.step(count)).catch(async (error) => {
        if (error.code !== 'DIVERGED') throw error;
        throw new DivergedError(
          `the loss is no longer finite at iteration ${error.iteration} of scale ${size.width}x${size.height}`,
          error.iteration,
          await image(),
        );
      });
      const losses = await watch(signal, () => session.cancel(), work);
      iteration += count;
      const progress: Progress = {
        scale: [size.width, size.height],
        ...where(iteration),
        iteration,
        total: losses.total,
        content: byLayer(options.contentLayers, losses.content),
        style: byLayer(options.styleLayers, losses.style),
        tv: losses.tv,
        device: place.device,
        image,
      };
      await options.onProgress?.(progress);
      yield progress;
      signal?.throwIfAborted();
    }
    return { ...size, data: await place.guard(session.image()) };
  } finally {
    await Promise.all(previews);
    await session.dispose();
  }
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

/** Awaits the engine's work; an abort meanwhile cancels it and becomes the error. */
async function watch<T>(signal: AbortSignal | undefined, cancel: () => void, work: Promise<T>): Promise<T> {
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
function describe(options: ResolvedOptions, place: Placement): Record<string, unknown> {
  const {
    onProgress,
    onWarning,
    signal,
    threads,
    maxPixels,
    download,
    content,
    styles,
    init,
    weights,
    ...values
  } = options;
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
    device: place.device,
    precision: place.precision,
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
