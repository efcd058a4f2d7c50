// The images that go in, and what each style image counts.

import { OptionError } from '../../errors.js';
import type { ImageSource } from '../../image/types.js';
import { image, imageOrImages, integer, margin, positive, weights, yesOrNo } from '../kinds.js';
import { option, topic, type Values } from '../option.js';

export const images = topic('Images', {
  content: option(image(), {
    about: 'the image that says what the picture shows',
    more: 'A path, `file:` URL, encoded image or raw pixels.',
    command: 'argument',
  }),
  style: option(imageOrImages(), {
    about: 'the images that say how it is painted',
    more: 'One or a list of several.',
    command: 'argument',
  }),
  styleScale: option(positive().default(1), {
    about: "long side of style images over the picture's",
    more: 'Larger means larger strokes.',
    value: 'ratio',
  }),
  styleMargin: option(margin().default(0.025), {
    about: 'share of a style image that is left out at each edge',
    more: 'A frame or an unpainted rim would else be painted along the edges of the picture.',
  }),
  styleBlend: option(weights().optional(), {
    about: 'a weight for each style image',
    more: 'They are scaled to sum to 1.',
    byDefault: 'equal',
  }),
  linear: option(yesOrNo().default(false), {
    about: 'whether floating-point TIFF files without a colour profile are linear light',
    more: 'If not, they are sRGB from 0 to 1, as their 8-bit twins are.',
  }),
  maxPixels: option(integer(1, 2 ** 40, '1 or more').default(2 ** 28), {
    about: 'largest image that is read, in pixels',
    more: 'The default is 16384 × 16384.',
    value: 'pixels',
  }),
});

/** The style images with weights that sum to 1. @throws OptionError if they are not as many */
export function blendStyles(given: Values<typeof images>): { styles: ImageSource[]; styleBlend: number[] } {
  const styles = Array.isArray(given.style) ? given.style : [given.style];
  const blend = given.styleBlend ?? styles.map(() => 1);
  if (blend.length !== styles.length) {
    throw new OptionError(
      'styleBlend',
      given.styleBlend,
      `styleBlend has ${blend.length} weights for ${styles.length} style images`,
    );
  }
  const largest = Math.max(...blend); // so that the sum cannot overflow
  const sum = blend.reduce((a, b) => a + b / largest, 0);
  return { styles, styleBlend: blend.map((b) => b / largest / sum) };
}
