// Where a run is saved on its way, and how often.

import { interval, text } from '../kinds.js';
import { option, topic } from '../option.js';

export const checkpoints = topic('Checkpoints', {
  checkpoint: option(text('a path', /./s).optional(), {
    about: 'a file to save the run to on its way, to go on from (see scumble resume)',
    more: 'It has to be new. The one before it stays beside it: `run.previous.ckpt` beside `run.ckpt`. What cannot be written is warned of, and the run goes on. See [long-runs.md](long-runs.md).',
    byDefault: 'none',
    value: 'file',
  }),
  checkpointEvery: option(interval().default('60s'), {
    about: 'how often: iterations as 50, or seconds as 60s',
    more: 'One is saved at the end of every scale as well, and by the command when a signal stops it.',
    value: 'n',
  }),
});

/** An interval as what it counts. */
export function intervalOf(every: number | string): { iterations: number } | { seconds: number } {
  return typeof every === 'number' ? { iterations: every } : { seconds: Number.parseFloat(every) };
}
