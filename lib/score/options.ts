// The options of score().

import * as z from 'zod';
import type { ScumbleError } from '../errors.js';
import type { ImageSource } from '../image/types.js';
import { abortSignal, callback, image, imageOrImages, integer, text, yesOrNo } from '../options/kinds.js';
import { refusal } from '../options/refusal.js';
import { images } from '../options/topics/images.js';
import { machine } from '../options/topics/machine.js';

export interface ScoreOptions {
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
  /** Whether a network that is not here yet may be downloaded. Default false. */
  download?: boolean | undefined;
  /** As the option of stylize(). Default `'auto'`. */
  device?: string | undefined;
  /** As the option of stylize(). */
  threads?: number | undefined;
  /** As the option of stylize(). */
  maxPixels?: number | undefined;
  /** Called with what deserves a word. Default: process.emitWarning(). */
  onWarning?: ((warning: ScumbleError) => unknown) | undefined;
  /** Aborts within a few milliseconds. */
  signal?: AbortSignal | undefined;
}

const schema = z.strictObject({
  picture: imageOrImages(),
  content: image(),
  style: image(),
  size: integer(64, 4096).default(512),
  weights: text('a name or a path', /./s).optional(),
  download: yesOrNo().default(false),
  device: machine.options.device,
  threads: machine.options.threads,
  maxPixels: images.options.maxPixels,
  onWarning: callback<(warning: ScumbleError) => unknown>('(warning: ScumbleError) => unknown').optional(),
  signal: abortSignal().optional(),
});

export type ResolvedScoreOptions = Omit<z.output<typeof schema>, 'picture'> & { pictures: ImageSource[] };

/** Fills in defaults. @throws OptionError for the first value that is wrong. */
export function resolveScoreOptions(given: ScoreOptions): ResolvedScoreOptions {
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw refusal(parsed.error.issues, given, 'score()');
  const { picture, ...rest } = parsed.data;
  return { ...rest, pictures: Array.isArray(picture) ? picture : [picture] };
}
