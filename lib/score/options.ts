// The options of score().

import * as z from 'zod';
import type { ImageSource } from '../image/types.js';
import { type ComputingOptions, computing, settled } from '../options/computing.js';
import { image, imageOrImages, integer, text } from '../options/kinds.js';
import { images } from '../options/topics/images.js';

export interface ScoreOptions extends ComputingOptions {
  /** The pictures to score: one, or several of the same content and style. */
  picture: ImageSource | readonly ImageSource[];
  /** The image that says what the pictures show. */
  content: ImageSource;
  /** The image that says how they are painted. */
  style: ImageSource;
  /** Long side to score at, 64..4096; a smaller picture is scored as it is. Default 512. */
  size?: number | undefined;
  /** A network by name or a safetensors file. Default: `vgg19` if it is on this machine, else `vgg19-slim`, which is said. */
  weights?: string | undefined;
  /** As the option of stylize(). */
  maxPixels?: number | undefined;
}

const schema = z.strictObject({
  picture: imageOrImages(),
  content: image(),
  style: image(),
  size: integer(64, 4096).default(512),
  weights: text('a name or a path', /./s).optional(),
  maxPixels: images.options.maxPixels,
  ...computing,
});

export type ResolvedScoreOptions = Omit<z.output<typeof schema>, 'picture'> & { pictures: ImageSource[] };

/** Fills in defaults. @throws OptionError for the first value that is wrong. */
export function resolveScoreOptions(given: ScoreOptions): ResolvedScoreOptions {
  const { picture, ...rest } = settled(schema, given, 'score()');
  return { ...rest, pictures: Array.isArray(picture) ? picture : [picture] };
}
