// The distance of features from the style's as two normal distributions: means and covariances together, in units of the
// features themselves (K. Crowson's style-transfer-pytorch).

import { byScale, layers, weight } from '../kinds.js';
import { option, topic } from '../option.js';
import { layerTerms } from '../terms.js';

export const wasserstein = topic(
  'Losses',
  {
    wassersteinWeight: option(byScale(weight()).default(24), {
      about: "weight of the Wasserstein-2 distance from the style's means and covariances",
      more: 'At 0 it is not computed.',
    }),
    wassersteinLayers: option(layers().default({ relu1_1: 256, relu2_1: 64, relu3_1: 16, relu4_1: 4 }), {
      about: "layers whose means and covariances should be the style's",
      more: 'By default they weigh as in crowsonkb/style-transfer-pytorch, without the deepest, which lies behind the content.',
    }),
  },
  ({ wassersteinWeight, wassersteinLayers }) =>
    layerTerms(
      { kind: 'wasserstein', of: 'style', option: 'wassersteinLayers' },
      wassersteinWeight,
      wassersteinLayers,
    ),
);
