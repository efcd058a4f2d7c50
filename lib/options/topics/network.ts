// The network whose features are compared, and how it is run.

import { positive, text, words, yesOrNo } from '../kinds.js';
import { option, topic } from '../option.js';

/** The network of a run that names none. */
export const DEFAULT_NETWORK = 'vgg19-slim';

export const network = topic('Network', {
  weights: option(
    text('a name or a path', /./s).default(() => process.env.SCUMBLE_WEIGHTS || DEFAULT_NETWORK),
    {
      about: 'a network by name (see scumble weights list) or a safetensors file',
      more: `The file holds a VGG-11, 13, 16 or 19 of any widths, under any prefix. SCUMBLE_WEIGHTS is a variable of the environment; \`${DEFAULT_NETWORK}\` is part of the package.`,
      byDefault: `SCUMBLE_WEIGHTS, or else ${DEFAULT_NETWORK}`,
      value: 'network',
    },
  ),
  download: option(yesOrNo().default(false), {
    about: 'whether a network that is not here yet may be downloaded',
    more: 'That is up to 575 MB; pullWeights() does it ahead, with progress. If not, the run rejects with a DownloadError that says how to get it.',
    command: { refusal: 'do not download a network that is not here yet' },
  }),
  pooling: option(words('max', 'average', 'l2').default('max'), { about: 'how the network pools' }),
  poolingScale: option(positive().default(1), {
    about: 'what a pool makes is multiplied by it',
    more: 'crowsonkb has 2 for average and 0.78 for l2.',
    value: 'factor',
  }),
  rounding: option(words('floor', 'ceil').default('floor'), { about: 'pooling of odd sizes' }),
  padding: option(words('zero', 'replicate').optional(), {
    about: "what the first convolution sees beyond the picture's edge",
    more: '`zero` is the mean colour, `replicate` the nearest pixel.',
    byDefault: "the network's own",
  }),
  inputRange: option(positive().optional(), {
    about: 'what white is in the input of the network',
    more: 'jcjohnson/neural-style has 256 where the network was trained with 255.',
    byDefault: "the network's own",
    value: 'number',
  }),
});
