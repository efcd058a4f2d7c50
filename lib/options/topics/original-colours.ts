// Whether the picture keeps the colours of the content.

import { yesOrNo } from '../kinds.js';
import { option, topic } from '../option.js';

export const originalColours = topic('Picture', {
  originalColours: option(yesOrNo().default(false), {
    about: "give the picture the content's colours",
    more: "Its luminance with the content's chrominance, in YUV as jcjohnson/neural-style.",
  }),
});
