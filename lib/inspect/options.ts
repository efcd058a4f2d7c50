// The options of inspect().

import * as z from 'zod';
import { type ComputingOptions, computing, settled } from '../options/computing.js';
import { integer } from '../options/kinds.js';
import type { Precision } from '../options/options.js';
import { machine } from '../options/topics/machine.js';
import { network } from '../options/topics/network.js';

export interface InspectOptions extends ComputingOptions {
  /** A network by name or a safetensors file. Default: SCUMBLE_WEIGHTS, or else `vgg19-slim`. */
  weights?: string | undefined;
  /** Of the image that it is looked at with, in pixels, 1..16384. Default 256. */
  width?: number | undefined;
  /** Default 256. */
  height?: number | undefined;
  /** As the option of stylize(). */
  precision?: Precision | undefined;
}

const schema = z.strictObject({
  weights: network.options.weights,
  width: integer(1, 16384).default(256),
  height: integer(1, 16384).default(256),
  precision: machine.options.precision,
  ...computing,
});

export type ResolvedInspectOptions = z.output<typeof schema>;

/** Fills in defaults. @throws OptionError for the first value that is wrong. */
export function resolveInspectOptions(given: InspectOptions): ResolvedInspectOptions {
  return settled(schema, given, 'inspect()');
}
