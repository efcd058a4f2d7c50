// The options of inspect().

import * as z from 'zod';
import type { ScumbleError } from '../errors.js';
import { abortSignal, callback, integer, yesOrNo } from '../options/kinds.js';
import type { Precision } from '../options/options.js';
import { refusal } from '../options/refusal.js';
import { machine } from '../options/topics/machine.js';
import { network } from '../options/topics/network.js';

export interface InspectOptions {
  /** A network by name or a safetensors file. Default: SCUMBLE_WEIGHTS, or else `vgg19-slim`. */
  weights?: string | undefined;
  /** Of the image that it is looked at with, in pixels, 1..16384. Default 256. */
  width?: number | undefined;
  /** Default 256. */
  height?: number | undefined;
  /** Whether a network that is not here yet may be downloaded. Default false. */
  download?: boolean | undefined;
  /** As the option of stylize(). Default `'auto'`. */
  device?: string | undefined;
  /** As the option of stylize(). */
  precision?: Precision | undefined;
  /** As the option of stylize(). */
  threads?: number | undefined;
  /** Called with what deserves a word. Default: process.emitWarning(). */
  onWarning?: ((warning: ScumbleError) => unknown) | undefined;
  /** Aborts between two layers. */
  signal?: AbortSignal | undefined;
}

const schema = z.strictObject({
  weights: network.options.weights,
  width: integer(1, 16384).default(256),
  height: integer(1, 16384).default(256),
  download: yesOrNo().default(false),
  device: machine.options.device,
  precision: machine.options.precision,
  threads: machine.options.threads,
  onWarning: callback<(warning: ScumbleError) => unknown>('(warning: ScumbleError) => unknown').optional(),
  signal: abortSignal().optional(),
});

export type ResolvedInspectOptions = z.output<typeof schema>;

/** Fills in defaults. @throws OptionError for the first value that is wrong. */
export function resolveInspectOptions(given: InspectOptions): ResolvedInspectOptions {
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw refusal(parsed.error.issues, given, 'inspect()');
  return parsed.data;
}
