// How large the picture is, and where the search for it begins.

import { image, integer, weight } from '../kinds.js';
import { option, topic } from '../option.js';

/** What `init` has words for; everything else is an image. */
export const STARTS = [
  'content',
  'coarse-content',
  'noise',
  'gray',
  'uniform',
  'normal',
  'style-stats',
  'mean-colour',
] as const;

/** The largest `size`. */
export const MOST_PIXELS_A_SIDE = 65536;

export type Start = (typeof STARTS)[number];

export const picture = topic('Picture', {
  size: option(integer(1, MOST_PIXELS_A_SIDE).default(512), {
    about: 'long side of the picture in pixels',
    value: 'pixels',
  }),
  init: option(image().default('content'), {
    about:
      'where to start: content, coarse-content, noise, gray, uniform, normal, style-stats, mean-colour or an image',
    more:
      "`content` is the content image; `coarse-content` is that without the three finest levels of its Laplacian pyramid; `noise` white noise around the network's mean colour; `gray` 127.5 to 128.5, " +
      '`uniform` 0 to 255, both uniform; `normal` normal around 127.5 with a deviation of 63.75, cut off at 0 and 255; ' +
      "`style-stats` the same with each channel's mean and variance in the styles; `mean-colour` the styles' mean colour " +
      "with the content's finest detail. An image file of such a name is written `./noise`.",
    value: 'start',
  }),
  noiseDeviation: option(weight().default(64), {
    about: 'noise: its standard deviation in 0..255',
    more: 'jcjohnson/neural-style has 0.001.',
    value: 'd',
  }),
  seed: option(integer(0, Number.MAX_SAFE_INTEGER, '0..2^53-1').default(0), { about: 'seed of the noise' }),
});
