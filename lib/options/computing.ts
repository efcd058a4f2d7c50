// The options of every call that computes beside stylize(): where, of which network, and who hears of it.

import type * as z from 'zod';
import type { ScumbleError } from '../errors.js';
import { abortSignal, callback, yesOrNo } from './kinds.js';
import { refusal } from './refusal.js';
import { machine } from './topics/machine.js';

export interface ComputingOptions {
  /** Whether a network that is not here yet may be downloaded. Default false. */
  download?: boolean | undefined;
  /** As the option of stylize(). Default `'auto'`. */
  device?: string | undefined;
  /** As the option of stylize(). */
  threads?: number | undefined;
  /** Called with what deserves a word. Default: process.emitWarning(). */
  onWarning?: ((warning: ScumbleError) => unknown) | undefined;
  /** Aborts within a few milliseconds of computing, or between two layers. */
  signal?: AbortSignal | undefined;
}

/** What zod reads them by. */
export const computing = {
  download: yesOrNo().default(false),
  device: machine.options.device,
  threads: machine.options.threads,
  onWarning: callback<(warning: ScumbleError) => unknown>('(warning: ScumbleError) => unknown').optional(),
  signal: abortSignal().optional(),
};

/** With defaults filled in. @param taker `score()` @throws OptionError for the first value that is wrong */
export function settled<Schema extends z.ZodType>(
  schema: Schema,
  given: unknown,
  taker: string,
): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw refusal(parsed.error.issues, given, taker);
  return parsed.data;
}
