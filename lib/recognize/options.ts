// The options of recognize().

import * as z from 'zod';
import type { ImageSource } from '../image/types.js';
import { type ComputingOptions, computing, settled } from '../options/computing.js';
import { image, integer, text, yesOrNo } from '../options/kinds.js';
import { images } from '../options/topics/images.js';

export interface RecognizeOptions extends ComputingOptions {
  /** The picture. */
  picture: ImageSource;
  /** How many classes to tell, the likeliest first, 1..1000. Default 5. */
  top?: number | undefined;
  /** Short side to look at, 224..4096 for the networks of the catalogue; the picture is made smaller, or larger. Default 256. */
  size?: number | undefined;
  /** Whether to look at the middle 224 × 224 of that only, as published accuracies are measured. Default false: at all of it. */
  crop?: boolean | undefined;
  /**
   * A network with a classifier, by name or a safetensors file. Default: `vgg19-imagenet`, or `vgg16-imagenet` if only that is
   * on this machine.
   */
  weights?: string | undefined;
  /** As the option of stylize(). */
  maxPixels?: number | undefined;
}

const schema = z.strictObject({
  picture: image(),
  top: integer(1, 1000).default(5),
  size: integer(32, 4096).default(256),
  crop: yesOrNo().default(false),
  weights: text('a name or a path', /./s).optional(),
  maxPixels: images.options.maxPixels,
  ...computing,
});

export type ResolvedRecognizeOptions = z.output<typeof schema>;

/** Fills in defaults. @throws OptionError for the first value that is wrong. */
export function resolveRecognizeOptions(given: RecognizeOptions): ResolvedRecognizeOptions {
  return settled(schema, given, 'recognize()');
}
