// What is minimised: the losses of Gatys, Ecker and Bethge, and the total variation.

import { OptionError } from '../errors.js';
import { layers, weight } from './kinds.js';
import { option, topic } from './option.js';
import type { StylizeOptions } from './stylize-options.js';

export const objective = topic('Losses', {
  contentWeight: option(weight().default(5), { about: 'weight of the content loss' }),
  styleWeight: option(weight().default(100), { about: 'weight of the style loss' }),
  tvWeight: option(weight().default(0.001), {
    about: 'weight of the total variation',
    more: 'It is the sum of absolute differences of neighbours in 0..255.',
  }),
  contentLayers: option(layers().default({ relu4_2: 1 }), {
    about: "layers whose features should be the content's",
  }),
  styleLayers: option(layers().default({ relu1_1: 1, relu2_1: 1, relu3_1: 1, relu4_1: 1, relu5_1: 1 }), {
    about: "layers whose Gram matrices should be the style's",
  }),
});

/** The default total variation is no wish of anybody's. @throws OptionError if nothing else is to be minimised */
export function checkWeights({ contentWeight, styleWeight, tvWeight }: StylizeOptions): void {
  if (contentWeight !== 0 || styleWeight !== 0 || tvWeight) return;
  throw new OptionError(
    'styleWeight',
    styleWeight,
    'contentWeight and styleWeight are both 0, so there is nothing to paint: give a tvWeight to smooth alone',
  );
}
