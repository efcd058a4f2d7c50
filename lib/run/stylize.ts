// From options to a picture, as a promise or as a loop over its iterations.

import { Engine } from '../engine/engine.js';
import type { Picture } from '../image/picture.js';
import { resolveOptions, type StylizeOptions } from '../options/options.js';
import type { Progress } from './progress.js';
import { Run } from './run.js';

/**
 * A run: a promise of the picture, and an async iterable of its progress. Iterating drives the run, one iteration per
 * `next()`, and leaving the loop ends it; the promise then resolves with the picture if the loop came to the end, and
 * rejects with an AbortError if it was left early. A run that nobody has begun to iterate by the time stylize()'s caller
 * awaits something goes by itself, and cannot be iterated any more.
 */
export type Stylization = Promise<Picture> & AsyncIterable<Progress>;

type Begin = (run: Run) => Promise<unknown>;

/**
 * Paints the content image in the style of others: finds the picture whose VGG features are the content's and whose
 * Gram matrices are the style's (Gatys, Ecker & Bethge, "A Neural Algorithm of Artistic Style", 2015).
 *
 * The picture has the content's aspect with its long side at `size`. Work happens on the engine's own threads; the
 * event loop stays free.
 *
 * Rejects with an OptionError, DeviceError, ImageError, WeightsError, DownloadError or MemoryError before any long work, with
 * a DivergedError (which carries the last good picture) when a loss is no longer finite, with a DeviceError or MemoryError
 * when the GPU fails that was asked for or the machine's memory ends, and with the signal's reason when aborted.
 *
 * @example
 * const picture = await stylize({ content: 'river.jpg', style: 'starry-night.jpg', size: 512 });
 * await picture.save('out.png');
 */
export function stylize(options: StylizeOptions): Stylization {
  return stylizing(options);
}

/** The same; `begin` is given the run before it does anything. */
export function stylizing(options: StylizeOptions, begin: Begin = async () => {}): Stylization {
  const { promise, resolve, reject } = withResolvers<Picture>();
  let driven = false;
  queueMicrotask(() => {
    if (driven) return;
    driven = true;
    paint(options, begin).then(resolve, reject);
  });
  async function* pull(): AsyncGenerator<Progress, void> {
    try {
      resolve(yield* iterate(options, begin));
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

/** By itself: nobody looks at its iterations, but for onProgress. */
async function paint(options: StylizeOptions, begin: Begin): Promise<Picture> {
  const painting = iterate(options, begin, options?.onProgress !== undefined);
  for (;;) {
    const { done, value } = await painting.next();
    if (done) return value;
  }
}

/** @param followed whether somebody looks at its iterations */
async function* iterate(
  given: StylizeOptions,
  begin: Begin,
  followed = true,
): AsyncGenerator<Progress, Picture> {
  const options = resolveOptions(given);
  options.signal?.throwIfAborted();
  const engine = await Engine.open(options);
  try {
    const run = await Run.on(engine, options);
    try {
      await begin(run);
      if (!followed) return await run.finish();
      for await (const progress of run) {
        yield progress;
        options.signal?.throwIfAborted();
      }
      return await run.finish();
    } finally {
      await run.dispose();
    }
  } finally {
    await engine.close();
  }
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
