// Content: the picture should show what the content image shows (Gatys, Ecker & Bethge 2015).

import { byScale, layers, weight } from '../kinds.js';
import { option, topic } from '../option.js';
import { layerTerms } from '../terms.js';

export const content = topic(
  'Losses',
  {
    contentWeight: option(byScale(weight()).default(50), { about: 'weight of the content loss' }),
    contentLayers: option(layers().default({ relu4_2: 1 }), {
      about: "layers whose features should be the content's",
    }),
  },
  ({ contentWeight, contentLayers }) =>
    layerTerms({ kind: 'content', of: 'content', option: 'contentLayers' }, contentWeight, contentLayers),
);
