// Pixels are freed when the collector runs, which looks at the JavaScript heap alone: a worker that waits would keep those
// of its last job, and one that works those of the step before.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const gc: (() => void) | undefined = runInNewContext('globalThis.gc');
setFlagsFromString('--no-expose-gc'); // for contexts that others make

/** Frees what nothing refers to any more; a few milliseconds, for a worker only. */
export function collect(): void {
  gc?.();
}
