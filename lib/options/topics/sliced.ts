// Sliced Wasserstein: the whole distribution of the features should be the style's, seen along random directions (Heitz,
// Vanhoey, Chambon & Belcour 2021, "A Sliced Wasserstein Loss for Neural Texture Synthesis").

import { byScale, layers, weight } from '../kinds.js';
import { option, topic } from '../option.js';
import { layerTerms } from '../terms.js';

export const sliced = topic(
  'Losses',
  {
    slicedWeight: option(byScale(weight()).default(0), {
      about: "weight of the sliced Wasserstein distance to the style's features",
      more: 'At 0 it is not computed.',
    }),
    slicedLayers: option(layers().default({ relu1_1: 1, relu2_1: 1, relu3_1: 1, relu4_1: 1 }), {
      about: "layers whose features should be distributed as the style's",
    }),
  },
  ({ slicedWeight, slicedLayers }) =>
    layerTerms(
      { kind: 'sliced-wasserstein', group: 'sliced', of: 'style', option: 'slicedLayers' },
      slicedWeight,
      slicedLayers,
    ),
);
