// Ctrl-C, SIGTERM and a terminal that is closed: the first asks the run to stop, the second ends the process.

import { STOPPED } from './exit-codes.js';
import { say } from './talk.js';

/** Milliseconds within which a signal counts as the same one: timeout(1) sends it to the process and to its group. */
const ECHO = 100;

/** @param onStop called once, with the exit code */
export function watchSignals(onStop: (exitCode: number) => void): void {
  let first: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      const now = performance.now();
      if (first === undefined) {
        first = now;
        onStop(STOPPED[signal]);
      } else if (now - first > ECHO) {
        process.exit(STOPPED[signal]);
      }
    });
  }
}

/** Work that the first signal aborts; then it says how that ended, if it did not end well all the same. */
export async function abortable(
  stopped: string,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  watchSignals((exitCode) => {
    process.exitCode = exitCode;
    stop.abort();
  });
  try {
    await work(stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    say(stopped);
  }
}
