// Where to compute, and with how much.

import { threadsAtOnce } from '../../engine/limits.js';
import { integer, text, words } from '../kinds.js';
import { option, topic } from '../option.js';

const PRECISIONS = ['exact', 'balanced', 'fast'] as const;

/** How exactly to compute, least exact last. */
export type Precision = (typeof PRECISIONS)[number];

const DEVICE = 'auto, cpu, cuda or cuda:<number>';

export const machine = topic('Machine', {
  device: option(text(DEVICE, /^(auto|cpu|cuda(:\d{1,3})?)$/, DEVICE).default('auto'), {
    about: 'where to compute (see scumble devices)',
    more: '`cuda` is the first GPU, `cuda:1` that one, `auto` the first that can be used, else the CPU. A run on `auto` whose GPU has too little memory or fails goes on on the CPU and says so, see `onWarning`.',
    value: 'name',
  }),
  precision: option(words(...PRECISIONS).optional(), {
    about: 'how exactly to compute',
    more: '`exact`: float32; `balanced`: products of TF32; `fast`: bfloat16 with float32 sums, whose final loss is within 1\u00a0% of the exact one. A device that has nothing faster computes exactly.',
    byDefault: 'fast on a GPU, exact on the CPU',
  }),
  threads: option(
    integer(1, 1024).default(() => threadsAtOnce()),
    {
      about: 'threads of the CPU',
      more: 'The picture does not depend on it.',
      byDefault: 'as many as the machine runs at once',
    },
  ),
});
