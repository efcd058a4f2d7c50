// What is done with the colours of the picture when it is painted, and with those of previews.

import { weight, words } from '../kinds.js';
import { option, topic } from '../option.js';

export const finish = topic('Picture', {
  finish: option(words('none', 'palette', 'content-colours', 'content-chrominance').default('palette'), {
    about: 'whose colours the picture ends with',
    more:
      '`none`: those it was painted with; `palette`: hues, saturation and brightness are moved to the mean and spread of the ' +
      "style's; `content-colours`: as `palette`, but what has which colour is the content's; " +
      "`content-chrominance`: the content's chrominance with the luminance that was painted, as jcjohnson/neural-style.",
  }),
  vividness: option(weight().default(1.1), {
    about: "how far contrast and chroma go to the style's",
    more:
      'At 0 they are as painted, at 1 those of the style, at 1.2 a fifth more. With a `finish` chroma is that of the style below ' +
      '1 too. Light stays lighter than dark, and what sRGB cannot show loses chroma.',
    value: 'ratio',
  }),
});
