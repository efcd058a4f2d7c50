// One process at a time, by a lock that outlives no crash for long: its holder renews it, and one that has not been
// renewed for half a minute is anybody's.

import { setTimeout } from 'node:timers/promises';
import { outputError } from '../files/atomic.js';

const STALE = 30_000;
const RENEWED = 10_000;
const POLL = 250;

/**
 * Runs `work` while no other process (nor another call in this one) does so for the same file. Its signal aborts when
 * `signal` does or the lock is lost, as to a machine's sleep.
 *
 * @param file a path in an existing folder; `.lock` is appended
 * @param onWait called once if another holds the lock
 * @throws OutputError when the lock cannot be made or kept
 */
export async function locked<T>(
  file: string,
  work: (signal: AbortSignal) => Promise<T>,
  options: { signal?: AbortSignal | undefined; onWait?: (() => void) | undefined } = {},
): Promise<T> {
  const { lock } = (await import('proper-lockfile')).default;
  const lost = new AbortController();
  let { onWait } = options;
  let release: (() => Promise<void>) | undefined;
  while (!release) {
    options.signal?.throwIfAborted();
    try {
      release = await lock(file, {
        realpath: false, // the file need not be there
        stale: STALE,
        update: RENEWED,
        onCompromised: (error) => lost.abort(outputError(`${file}.lock`, error)),
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw outputError(`${file}.lock`, error);
      onWait?.();
      onWait = undefined;
      await setTimeout(POLL, undefined, { signal: options.signal }).catch(() => {}); // the loop sees the abort
    }
  }
  try {
    return await work(options.signal ? AbortSignal.any([options.signal, lost.signal]) : lost.signal);
  } finally {
    if (!lost.signal.aborted) await release();
  }
}
