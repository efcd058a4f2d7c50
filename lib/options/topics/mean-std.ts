// Means and deviations of channels, which Gram matrices fix only together: with them colours and contrast are the style's
// (Bouaziz & Galerne 2024, "Scaling Painting Style Transfer").

import { byScale, layers, weight } from '../kinds.js';
import { option, topic } from '../option.js';
import { layerTerms } from '../terms.js';

export const meanStd = topic(
  'Losses',
  {
    meanStdWeight: option(byScale(weight()).default(0), {
      about: "weight of the loss of the style's channel means and deviations",
      more: 'At 0 it is not computed.',
    }),
    meanStdLayers: option(layers().default({ relu1_1: 1, relu2_1: 1, relu3_1: 1, relu4_1: 1, relu5_1: 1 }), {
      about: "layers whose channel means and deviations should be the style's",
    }),
  },
  ({ meanStdWeight, meanStdLayers }) =>
    layerTerms({ kind: 'mean-std', of: 'style', option: 'meanStdLayers' }, meanStdWeight, meanStdLayers),
);
