// The scales that a run goes through, coarse to fine, and how long it stays at each.

import { byScale, integer, number, yesOrNo } from '../kinds.js';
import { option, topic } from '../option.js';

export const pyramid = topic('Scales', {
  scales: option(integer(1, 64).default(64), {
    about: 'most scales',
    more: 'There are as many as fit between `minSize` and `size`; 1 turns the pyramid off.',
  }),
  scaleFactor: option(number((n) => n > 1, 'a number above 1', 'above 1').default(Math.SQRT2), {
    about: 'how many times as large a scale is as the one before',
    byDefault: '√2',
  }),
  minSize: option(integer(1, 65536).default(64), {
    about: 'long side of the smallest scale in pixels',
    value: 'pixels',
  }),
  passes: option(integer(1, 64).default(1), {
    about: 'how many times the largest scale is painted',
    more: 'Each pass begins with the picture of the one before and is a scale by itself in lists by scale, such as `learningRate` and the weights, and to `carry`.',
  }),
  iterations: option(byScale(integer(1, 1e9, '1 or more')).default([120, 100, 64, 40, 24, 14, 8]), {
    about: 'iterations at each scale',
    more: "As the weights of losses and `learningRate`, one number for all scales, or a list from the smallest on, whose last is for all that are left; what stands behind `'...'` is for the last ones instead. There are seven scales at the default sizes, and most is decided at the small ones.",
  }),
  startDetail: option(yesOrNo().default(false), {
    about: "whether every scale but the first and the last begins with the content's finest detail on it",
    more: 'STROTSS adds it to the picture of the scale before.',
  }),
});
