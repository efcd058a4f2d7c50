// What is done to the picture at the end.

import { yesOrNo } from '../kinds.js';
import { option, topic } from '../option.js';

export const finish = topic('Picture', {
  originalColors: option(yesOrNo().default(false), {
    about: "give the picture the content's colours",
    more: "Its luminance with the content's chrominance, in YUV as jcjohnson/neural-style.",
  }),
});
