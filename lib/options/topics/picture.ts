// How large the picture is, and where the search for it begins.

import { image, integer } from '../kinds.js';
import { option, topic } from '../option.js';

export const picture = topic('Picture', {
  size: option(integer(1, 65536).default(512), {
    about: 'long side of the picture in pixels',
    value: 'pixels',
  }),
  init: option(image().default('content'), {
    about: 'where to start: content, noise or an image',
    more: '`content` is the content image, `noise` white noise; an image file of such a name is written `./noise`.',
    value: 'start',
  }),
  seed: option(integer(0, Number.MAX_SAFE_INTEGER, '0..2^53-1').default(0), { about: 'seed of the noise' }),
});
