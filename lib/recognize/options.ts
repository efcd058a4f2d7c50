// The options of recognize().

import * as z from 'zod';
import type { ScumbleError } from '../errors.js';
import type { ImageSource } from '../image/types.js';
import { abortSignal, callback, image, integer, text, yesOrNo } from '../options/kinds.js';
import { refusal } from '../options/refusal.js';
import { images } from '../options/topics/images.js';
import { machine } from '../options/topics/machine.js';

export interface RecognizeOptions {
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
  /** Aborts within a few milliseconds of computing. */
  signal?: AbortSignal | undefined;
}

const schema = z.strictObject({
  picture: image(),
  top: integer(1, 1000).default(5),
  size: integer(32, 4096).default(256),
  crop: yesOrNo().default(false),
  weights: text('a name or a path', /./s).optional(),
  download: yesOrNo().default(false),
  device: machine.options.device,
  threads: machine.options.threads,
  maxPixels: images.options.maxPixels,
  onWarning: callback<(warning: ScumbleError) => unknown>('(warning: ScumbleError) => unknown').optional(),
  signal: abortSignal().optional(),
});

export type ResolvedRecognizeOptions = z.output<typeof schema>;

/** Fills in defaults. @throws OptionError for the first value that is wrong. */
export function resolveRecognizeOptions(given: RecognizeOptions): ResolvedRecognizeOptions {
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw refusal(parsed.error.issues, given, 'recognize()');
  return parsed.data;
}
