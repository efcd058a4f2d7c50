// From options to a picture, as a promise or as a loop over its iterations.

import { Engine } from '../engine/engine.js';
import type { Picture } from '../image/picture.js';
import { resolveOptions, type StylizeOptions } from '../options/options.js';
import type { Checkpoint } from './checkpoint-file.js';
import type { Progress } from './progress.js';
import { type ResumeOptions, resumption } from './resume.js';
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
  return stylizing(async () => ({ given: options }), options?.onProgress !== undefined);
}

/**
 * Goes on from a checkpoint as stylize() would have, to the same bytes. On another device, or by another version of Scumble,
 * the bytes may differ, which onWarning is told. The file is saved to from then on.
 *
 * Rejects as stylize() does; with a CheckpointError for a file that is damaged or of a later version, and where network or
 * inputs are not those that the run began with; and with an OptionError for what may not change.
 *
 * @param checkpoint what the option `checkpoint` named
 *
 * @example
 * const picture = await resume('run.ckpt', { iterations: 1000 });
 */
export function resume(checkpoint: string, changes: ResumeOptions = {}): Stylization {
  return stylizing(() => resumption(checkpoint, changes), changes?.onProgress !== undefined);
}

/** What to paint, and where to go on if not at its beginning. */
export interface Job {
  given: StylizeOptions;
  from?: Checkpoint | undefined;
}

/**
 * A job as a Stylization.
 *
 * @param watched whether somebody looks at the iterations of a run that nobody iterates
 * @param begin is given the run before it does anything
 */
export function stylizing(
  job: () => Promise<Job>,
  watched: boolean,
  begin: Begin = async () => {},
): Stylization {
  const { promise, resolve, reject } = withResolvers<Picture>();
  let driven = false;
  queueMicrotask(() => {
    if (driven) return;
    driven = true;
    paint(job, watched, begin).then(resolve, reject);
  });
  async function* pull(): AsyncGenerator<Progress, void> {
    try {
      resolve(yield* iterate(job, true, begin));
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

async function paint(job: () => Promise<Job>, watched: boolean, begin: Begin): Promise<Picture> {
  const painting = iterate(job, watched, begin);
  for (;;) {
    const { done, value } = await painting.next();
    if (done) return value;
  }
}

/** @param followed whether somebody looks at its iterations */
async function* iterate(
  job: () => Promise<Job>,
  followed: boolean,
  begin: Begin,
): AsyncGenerator<Progress, Picture> {
  const { given, from } = await job();
  const options = resolveOptions(given);
  options.signal?.throwIfAborted();
  const engine = await Engine.open(options);
  try {
    const run = await Run.on(engine, given, from);
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
