// What is moved downhill and how, and which of its states is the result.

import { OptionError } from '../../errors.js';
import type { ByScale } from '../by-scale.js';
import { byScale, decay, integer, positive, weight, words, yesOrNo } from '../kinds.js';
import { option, topic, type Values } from '../option.js';

/** Of an optimiser that is given none. */
export const LEARNING_RATE = { lbfgs: 1, adam: 5, rmsprop: 0.5 };
const BETA2 = { lbfgs: 0.999, adam: 0.999, rmsprop: 0.99 };

export const optimizer = topic('Optimizer', {
  variable: option(words('pixels', 'laplacian').default('pixels'), {
    about: 'what is optimised',
    more: '`laplacian` is the coefficients of a Laplacian pyramid of the picture: a step then moves coarse forms at once. The result is a picture all the same.',
    value: 'kind',
  }),
  variableLevels: option(integer(1, 30).default(5), {
    about: 'laplacian: levels of detail',
    more: 'Beside them there is what is left. There are no more than there are sides to halve.',
  }),
  optimizer: option(words('lbfgs', 'adam', 'rmsprop').default('lbfgs'), {
    about: 'the optimiser',
    value: 'name',
  }),
  learningRate: option(byScale(positive()).optional(), {
    about: "the optimiser's step",
    more: "Adam's and RMSprop's is in units of 0..255; L-BFGS's is a factor on its own step, torch's `lr`.",
    byDefault: `${LEARNING_RATE.lbfgs} for lbfgs, ${LEARNING_RATE.adam} for adam, ${LEARNING_RATE.rmsprop} for rmsprop`,
    value: 'rate',
  }),
  history: option(integer(1, 1000).default(10), {
    about: 'L-BFGS: pairs remembered',
    more: 'Each costs 24 bytes a pixel, a third more with a Laplacian pyramid.',
  }),
  firstStep: option(weight().default(2), {
    about: 'L-BFGS: what a scale begins with, the mean change of a pixel in 0..255',
    more: "0 is torch's, with which all pixels together change by 1 at most: four or five iterations are lost at every scale where losses draw samples.",
    value: 'd',
  }),
  beta1: option(decay().default(0.9), { about: "Adam: decay of the gradient's mean" }),
  beta2: option(decay().optional(), {
    about: 'Adam, RMSprop: decay of the mean of its square',
    more: "torch calls RMSprop's `alpha`.",
    byDefault: `${BETA2.adam} for adam, ${BETA2.rmsprop} for rmsprop`,
  }),
  epsilon: option(positive().default(1e-8), { about: 'Adam, RMSprop: added to the divisor' }),
  carry: option(words('nothing', 'moments').default('nothing'), {
    about: 'what the optimiser takes over from one scale to the next',
    more: "`moments` are Adam's or RMSprop's, resized (of a pyramid level by level), with Adam's count of steps; L-BFGS always begins afresh.",
    value: 'what',
  }),
  clamp: option(yesOrNo().default(false), {
    about: 'whether pixels are held to 0..255 after every step',
    more: 'A Laplacian pyramid has none to hold.',
  }),
  averaging: option(decay().default(0), {
    about: 'decay of a running mean of iterates that becomes the picture (at 0 it is the best one)',
    more: 'The mean begins anew at each scale, with its start, and its bias is corrected, as in Adam. The best is the one with the lowest total loss.',
  }),
});

/** What depends on other options. @throws OptionError for what does not go together */
export function settleOptimizer(given: Values<typeof optimizer>): { learningRate: ByScale; beta2: number } {
  if (given.clamp && given.variable === 'laplacian') {
    throw new OptionError(
      'clamp',
      given.clamp,
      "clamp is for pixels: it does not go with variable 'laplacian', whose picture is clamped when it is saved",
    );
  }
  return {
    learningRate: given.learningRate ?? LEARNING_RATE[given.optimizer],
    beta2: given.beta2 ?? BETA2[given.optimizer],
  };
}
