// Style: a statistic of features should be the style images'. The first was their correlations (Gatys, Ecker & Bethge 2015).

import { byScale, layers, weight, words } from '../kinds.js';
import { option, topic } from '../option.js';
import { layerTerms } from '../terms.js';

export const style = topic(
  'Losses',
  {
    styleWeight: option(byScale(weight()).default(0), {
      about: 'weight of the style loss, the classic one',
      more: 'neural-style has 100, with a content weight of 5. At 0 it is not computed.',
    }),
    styleLayers: option(layers().default({ relu1_1: 1, relu2_1: 1, relu3_1: 1, relu4_1: 1, relu5_1: 1 }), {
      about: "layers whose statistic should be the style's",
    }),
    statistic: option(words('gram', 'mean-std', 'histogram', 'wasserstein').default('gram'), {
      about: 'the statistic of features that the style loss compares',
      more: 'Gram matrices, means and deviations of channels, histograms of channels, or means and covariances by their Wasserstein-2 distance. Others may be added to it by weights of their own.',
      value: 'name',
    }),
  },
  ({ styleWeight, styleLayers, statistic }) =>
    layerTerms(
      { kind: statistic, group: 'style', of: 'style', option: 'styleLayers' },
      styleWeight,
      styleLayers,
    ),
);
