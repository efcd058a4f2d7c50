// Ctrl-C, SIGTERM and a terminal that is closed: the first asks the run to stop, the second ends the process.

import { STOPPED } from './exit-codes.js';

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
