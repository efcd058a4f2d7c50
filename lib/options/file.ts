// Options as a file: all that a run goes by, to run again.

import { fileURLToPath } from 'node:url';
import { OptionError } from '../errors.js';
import { version } from '../package.js';
import { resolveOptions } from './options.js';
import { checkSaid, presetOf, readJson, withPreset } from './presets.js';
import { schema } from './schema.js';
import type { StylizeOptions } from './stylize-options.js';
import { settleOptimizer } from './topics/optimizer.js';
import { settlePace } from './topics/pyramid.js';

/** The version of the files that are written, and the latest that is read. */
const VERSION = 1;

/** What a file of options says. */
export interface OptionsFile {
  version: number;
  /** That wrote it. */
  scumble: string;
  options: Record<string, unknown>;
}

/** Options of a moment or a machine, not of the picture. */
const LEFT_OUT = ['onProgress', 'onWarning', 'signal', 'download', 'checkpoint', 'checkpointEvery'];

/** Options that are images, one or several. */
const IMAGES = ['content', 'style', 'init'];

/**
 * The options that a run with these would go by: defaults, preset, and what is given; inputs as they are given. It can be
 * saved as JSON, and read again by readOptions().
 *
 * @throws OptionError, and for an image that is in memory
 */
export function resultingOptions(given: StylizeOptions): OptionsFile {
  const options = settledOptions(given);
  for (const name of IMAGES) options[name] = pathsOf(name, options[name]);
  return { version: VERSION, scumble: version, options };
}

/** The same with its images as they are given, in memory or not. @throws OptionError */
export function settledOptions(given: StylizeOptions): Record<string, unknown> {
  resolveOptions(given);
  const merged = withPreset(given);
  const values = schema.parse(merged);
  const { quality, iterations, ...rest } = values;
  const settled = { ...settleOptimizer(values), ...settlePace({ quality, iterations }, given) };
  const options: Record<string, unknown> = { ...rest, ...settled };
  for (const name of LEFT_OUT) delete options[name];
  if (merged.threads === undefined) delete options.threads; // those of this machine
  return options;
}

function pathsOf(name: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => pathsOf(name, one));
  if (value instanceof URL) return fileURLToPath(value);
  if (typeof value === 'string') return value;
  throw new OptionError(name, value, `${name} is in memory: only the path of a file can be saved`);
}

/** The options in a file of resultingOptions(). @throws OptionError */
export function readOptions(path: string): StylizeOptions {
  const content = readJson('options', path);
  const { version: found, options } = (content ?? {}) as Partial<OptionsFile>;
  if (typeof found !== 'number' || typeof options !== 'object' || options === null) {
    throw refuse(path, 'is no file of options: it has no version and options');
  }
  if (found !== VERSION) throw refuse(path, `is of version ${found}: this Scumble reads version ${VERSION}`);
  const { content: image, style, preset, ...rest } = options;
  checkSaid('options', path, rest);
  if (typeof preset === 'string') presetOf(preset);
  return options as unknown as StylizeOptions;
}

function refuse(path: string, problem: string): OptionError {
  return new OptionError('options', path, `options ${path} ${problem}`);
}
