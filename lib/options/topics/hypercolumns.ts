// Style and content by samples of several layers at once: "Style Transfer by Relaxed Optimal Transport and Self-Similarity"
// (Kolkin, Salavon & Shakhnarovich 2019), each of whose four losses is a term, and the targets of "Neural Neighbor Style
// Transfer" (Kolkin et al. 2022). Each may be used alone.

import type { ByScale } from '../by-scale.js';
import { byScale, integer, layerNames, weight } from '../kinds.js';
import { option, topic } from '../option.js';
import type { LossTerm } from '../terms.js';

export const hypercolumns = topic(
  'Losses',
  {
    relaxedEmdWeight: option(byScale(weight()).default(1e7), {
      about: "weight of the relaxed earth mover's distance",
      more: 'Between samples of picture and style, over all `hypercolumns`; 0 to 2. At 0 it is not computed.',
    }),
    momentsWeight: option(byScale(weight()).default(0), {
      about: 'weight of the moments of samples',
      more: "Their means and covariances should be the style's, over all `hypercolumns`. At 0 it is not computed.",
    }),
    paletteWeight: option(byScale(weight()).default(5e4), {
      about: 'weight of the palette',
      more: "The relaxed earth mover's distance of colours. At 0 it is not computed.",
    }),
    selfSimilarityWeight: option(byScale(weight()).default(0), {
      about: 'weight of self-similarity',
      more: 'What is alike in the content should be in the picture, over all `hypercolumns`. At 0 it is not computed.',
    }),
    nearestFieldWeight: option(byScale(weight()).default(0), {
      about: 'weight of the distance from the style that is nearest to the content',
      more: "What the picture should become at every place is found once for each scale: of the style's samples the one that is nearest to the content there, over all `hypercolumns`; 0 to 2. At 0 it is not computed.",
    }),
    hypercolumns: option(layerNames().default(['relu1_1', 'relu2_1', 'relu3_1', 'relu3_2', 'relu4_2']), {
      about: 'layers that samples take side by side',
      more: '`picture` is the picture itself. The default are layers that every VGG has, none behind that of the content.',
    }),
    samples: option(integer(1, 65536).optional(), {
      about: 'samples of the picture in each iteration',
      byDefault: 'one for 128 pixels, 64..1024',
    }),
    styleSamples: option(integer(1, 65536).optional(), {
      about: 'samples of the style images together',
      byDefault: 'five times as many, 5000 at most',
    }),
  },
  (values) => {
    const { samples, styleSamples, hypercolumns: layers } = values;
    const term = (kind: string, weight: ByScale, of: 'content' | 'style', everywhere: boolean): LossTerm => {
      const parameters = {
        ...(samples !== undefined && { samples }),
        ...(styleSamples !== undefined && of === 'style' && { styleSamples }),
      };
      const where = everywhere ? { layers, option: 'hypercolumns' } : {};
      return { name: kind, kind, weight, of, parameters, ...where };
    };
    return [
      term('relaxed-emd', values.relaxedEmdWeight, 'style', true),
      term('moments', values.momentsWeight, 'style', true),
      term('palette', values.paletteWeight, 'style', false),
      term('self-similarity', values.selfSimilarityWeight, 'content', true),
      { ...term('nearest-field', values.nearestFieldWeight, 'style', true), source: 'content' },
    ];
  },
);
