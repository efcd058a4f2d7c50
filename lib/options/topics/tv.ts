// Total variation: what is neither content nor style, noise above all, should not be there.

import { weight } from '../kinds.js';
import { option, topic } from '../option.js';

export const tv = topic(
  'Losses',
  {
    tvWeight: option(weight().default(0.001), {
      about: 'weight of the total variation',
      more: 'It is the sum of absolute differences of neighbours in 0..255.',
    }),
  },
  ({ tvWeight }) => [{ name: 'tv', kind: 'tv', weight: tvWeight }],
);
