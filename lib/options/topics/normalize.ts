// How terms share in the gradient.

import { yesOrNo } from '../kinds.js';
import { option, topic } from '../option.js';

export const normalize = topic('Losses', {
  normalizeGradients: option(yesOrNo().default(false), {
    about: "scale every term's gradient at its own layer so that its magnitudes sum to the weight",
    more: 'As jcjohnson/neural-style: a term then pulls by its weight, however large its loss. Losses are told as they are; the total variation is not scaled.',
  }),
});
