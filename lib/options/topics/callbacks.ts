// What a run tells its caller, and how the caller ends it: of the API only.

import type { ScumbleError } from '../../errors.js';
import type { Progress } from '../../run/progress.js';
import { abortSignal, callback } from '../kinds.js';
import { option, topic } from '../option.js';

export const callbacks = topic('Callbacks', {
  onProgress: option(
    callback<(progress: Progress) => unknown>('(progress: Progress) => unknown').optional(),
    {
      about: 'called after every iteration',
      more: 'A promise it returns is waited for. What it throws ends the run.',
    },
  ),
  onWarning: option(
    callback<(warning: ScumbleError) => unknown>('(warning: ScumbleError) => unknown').optional(),
    {
      about: 'called when a run goes on otherwise than could be expected',
      more: "It is given why: the error after which a run on `auto` goes on on the CPU, or that a GPU's kernels failed the self-check and are not used. What it throws ends the run.",
      byDefault: 'process.emitWarning()',
    },
  ),
  signal: option(abortSignal().optional(), {
    about: 'aborts within one iteration (on a GPU two)',
    more: "The promise rejects with the signal's reason.",
  }),
});
