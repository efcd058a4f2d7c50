// How pictures get other sizes. What the filters are is said in native/cpp/core/resampling.h.

import { words, yesOrNo } from '../kinds.js';
import { option, topic } from '../option.js';

const FILTERS = ['lanczos', 'cubic', 'sharp-cubic', 'triangle', 'box'] as const;

/** By which samples of a picture of another size are made. */
export type Filter = (typeof FILTERS)[number];

export const resizing = topic('Scales', {
  filter: option(words(...FILTERS).default('lanczos'), {
    about: 'how images are resized',
    more: "All but `box` widen when they shrink. `cubic` and `triangle` are Pillow's bicubic and bilinear, `sharp-cubic` PyTorch's bicubic, `box` Torch's bilinear: the mean of the area when shrinking, linear between corners that stay corners when enlarging.",
    value: 'name',
  }),
  wholeSteps: option(yesOrNo().default(false), {
    about: 'round resized images to whole steps of 0..255, as Pillow does',
    more: 'First across, then down. The picture that goes from one scale to the next is not rounded.',
  }),
  carryFilter: option(words(...FILTERS).default('lanczos'), {
    about: 'how the picture is resized from one scale to the next',
    more: 'So are the moments that are carried, but means of squares, which cannot be negative, linearly.',
    value: 'name',
  }),
  keepSmallStyles: option(yesOrNo().default(false), {
    about: 'leave style images as small as they are, instead of enlarging them to the size wanted',
  }),
});
