// The scales that a run goes through, coarse to fine, and how long it stays at each.

import { integer, integers, yesOrNo } from '../kinds.js';
import { option, topic } from '../option.js';

export const pyramid = topic('Scales', {
  scales: option(integer(1, 64).default(64), {
    about: 'most scales, each √2 larger',
    more: 'There are as many as fit between `minSize` and `size`; 1 turns the pyramid off.',
  }),
  minSize: option(integer(1, 65536).default(64), {
    about: 'long side of the smallest scale in pixels',
    value: 'pixels',
  }),
  iterations: option(integers(1, 1e9, '1 or more').default([120, 100, 64, 40, 24, 14, 8]), {
    about: 'iterations at each scale',
    more: 'One number for all, or a list from the smallest scale on, whose last is for all that are left. There are seven scales at the default sizes, and most is decided at the small ones.',
  }),
  startDetail: option(yesOrNo().default(false), {
    about: "whether every scale but the first and the last begins with the content's finest detail on it",
    more: 'STROTSS adds it to the picture of the scale before.',
  }),
});
