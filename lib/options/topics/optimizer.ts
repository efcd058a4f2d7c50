// How the picture is moved downhill, and which of its states is the result.

import { decay, integer, positive, words } from '../kinds.js';
import { option, topic } from '../option.js';

/** Of an optimiser that is given none. */
export const LEARNING_RATE = { lbfgs: 1, adam: 5 };

export const optimizer = topic('Optimizer', {
  optimizer: option(words('lbfgs', 'adam').default('lbfgs'), { about: 'the optimiser', value: 'name' }),
  learningRate: option(positive().optional(), {
    about: "the optimiser's step",
    more: "Adam's is in units of 0..255.",
    byDefault: `${LEARNING_RATE.lbfgs} for lbfgs, ${LEARNING_RATE.adam} for adam`,
    value: 'rate',
  }),
  history: option(integer(1, 1000).default(10), {
    about: 'L-BFGS: pairs remembered',
    more: 'Each costs 24 bytes a pixel.',
  }),
  beta1: option(decay().default(0.9), { about: "Adam: decay of the gradient's mean" }),
  beta2: option(decay().default(0.999), { about: 'Adam: decay of the mean of its square' }),
  epsilon: option(positive().default(1e-8), { about: 'Adam: added to the divisor' }),
  averaging: option(decay().default(0), {
    about: 'decay of a running mean of iterates that becomes the picture (at 0 it is the best one)',
    more: 'The best is the one with the lowest total loss.',
  }),
});
