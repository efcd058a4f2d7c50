// Nearest neighbours of features: every place of the picture should look like some place of the style (Kolkin et al. 2022,
// "Neural Neighbor Style Transfer", whose finish this is).

import { byScale, layers, weight } from '../kinds.js';
import { option, topic } from '../option.js';
import { layerTerms } from '../terms.js';

export const nearest = topic(
  'Losses',
  {
    nearestWeight: option(byScale(weight()).default(0), {
      about: "weight of the distance of the picture's features from the style's nearest",
      more: 'At 0 it is not computed. It brings out brush strokes, best in a last run over a picture that is nearly done, with `optimizer: adam`.',
    }),
    nearestLayers: option(layers().default({ relu1_1: 1, relu2_1: 1, relu3_1: 1, relu4_1: 1 }), {
      about: "layers whose features should be like the style's nearest",
    }),
    nearestOccurrence: option(weight().default(0.05), {
      about: 'how much farther away a place of the style is for every time that it has been taken',
      more: 'Keeps one place of the style from being repeated everywhere. At 0 only the distance counts.',
    }),
  },
  ({ nearestWeight, nearestLayers, nearestOccurrence }) =>
    layerTerms(
      {
        kind: 'nearest',
        of: 'style',
        option: 'nearestLayers',
        parameters: { occurrence: nearestOccurrence },
      },
      nearestWeight,
      nearestLayers,
    ),
);
