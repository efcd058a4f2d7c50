// Histograms of channels: not only mean and deviation, the whole distribution should be the style's (Risser, Wilmot &
// Barnes 2017, "Stable and Controllable Neural Texture Synthesis and Style Transfer Using Histogram Losses").

import { byScale, layers, weight } from '../kinds.js';
import { option, topic } from '../option.js';
import { layerTerms } from '../terms.js';

export const histogram = topic(
  'Losses',
  {
    histogramWeight: option(byScale(weight()).default(0), {
      about: "weight of the loss of the style's channel histograms",
      more: 'At 0 it is not computed.',
    }),
    histogramLayers: option(layers().default({ relu1_1: 1, relu4_1: 1 }), {
      about: "layers whose channel histograms should be the style's",
    }),
  },
  ({ histogramWeight, histogramLayers }) =>
    layerTerms(
      { kind: 'histogram', of: 'style', option: 'histogramLayers' },
      histogramWeight,
      histogramLayers,
    ),
);
