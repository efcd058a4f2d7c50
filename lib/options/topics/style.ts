// Style: correlations of features should be the style images' (Gatys, Ecker & Bethge 2015).

import { layers, weight } from '../kinds.js';
import { option, topic } from '../option.js';
import { layerTerms } from '../terms.js';

export const style = topic(
  'Losses',
  {
    styleWeight: option(weight().default(100), { about: 'weight of the style loss' }),
    styleLayers: option(layers().default({ relu1_1: 1, relu2_1: 1, relu3_1: 1, relu4_1: 1, relu5_1: 1 }), {
      about: "layers whose Gram matrices should be the style's",
    }),
  },
  ({ styleWeight, styleLayers }) =>
    layerTerms(
      { kind: 'gram', group: 'style', of: 'style', option: 'styleLayers' },
      styleWeight,
      styleLayers,
    ),
);
