// The scales that a run goes through, coarse to fine, and how long it stays at each.

import { OptionError } from '../../errors.js';
import type { ByScale } from '../by-scale.js';
import { byScale, integer, number, words, yesOrNo } from '../kinds.js';
import { option, topic } from '../option.js';
import type { StylizeOptions } from '../stylize-options.js';

/** How long to look for better, shortest first. */
export const QUALITIES = ['draft', 'good', 'best'] as const;

export type Quality = (typeof QUALITIES)[number];

export const pyramid = topic('Scales', {
  scales: option(integer(1, 64).default(64), {
    about: 'most scales',
    more: 'There are as many as fit between `minSize` and `size`; 1 turns the pyramid off.',
  }),
  scaleFactor: option(number((n) => n > 1, 'a number above 1', 'above 1').default(Math.SQRT2), {
    about: 'how many times as large a scale is as the one before',
    byDefault: '√2',
  }),
  minSize: option(integer(1, 65536).default(64), {
    about: 'long side of the smallest scale in pixels',
    value: 'pixels',
  }),
  passes: option(integer(1, 64).default(1), {
    about: 'how many times the largest scale is painted',
    more: 'Each pass begins with the picture of the one before and is a scale by itself in lists by scale, such as `learningRate` and the weights, and to `carry`.',
  }),
  quality: option(words(...QUALITIES).optional(), {
    about: 'how long to look for better at each scale',
    more: 'Each has a most for every scale, and leaves it when the total loss hardly goes down any more. `draft` takes about half the time of `good`, `best` twice as long. See [quality.md](quality.md).',
    byDefault: 'good, unless iterations are given',
    value: 'word',
  }),
  iterations: option(byScale(integer(1, 1e9, '1 or more')).optional(), {
    about: 'iterations at each scale, in place of a quality',
    more: "As the weights of losses and `learningRate`, one number for all scales, or a list from the smallest on, whose last is for all that are left; what stands behind `'...'` is for the last ones instead. Exactly so many are done.",
    byDefault: 'by quality',
  }),
  startDetail: option(yesOrNo().default(false), {
    about: "whether every scale but the first and the last begins with the content's finest detail on it",
    more: 'STROTSS adds it to the picture of the scale before.',
  }),
});

/** How long a run stays at its scales: by a quality, or for so many iterations. */
export type Pace =
  | { quality: Quality; iterations?: undefined }
  | { quality?: undefined; iterations: ByScale };

/**
 * What the caller gives takes the place of what a preset says.
 *
 * @throws OptionError for a quality where iterations are given, or fixed by a preset
 */
export function settlePace(
  { quality, iterations }: { quality?: Quality | undefined; iterations?: ByScale | undefined },
  given: StylizeOptions,
): Pace {
  if (iterations === undefined) return { quality: quality ?? 'good' };
  if (quality === undefined || given.quality === undefined) return { iterations };
  const why =
    given.iterations === undefined
      ? `the preset ${given.preset} fixes the iterations: drop quality, or the preset`
      : 'iterations say already how many there are: drop one of the two';
  throw new OptionError('quality', quality, `quality ${quality} cannot be: ${why}`);
}
