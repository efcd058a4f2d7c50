// From a checkpoint, and what is to change, to the options of a run that goes on; or why it cannot.

import { isDeepStrictEqual } from 'node:util';
import { addon } from '../engine/addon.js';
import { warn } from '../engine/choose.js';
import type { Engine } from '../engine/engine.js';
import { CheckpointError, OptionError } from '../errors.js';
import { shorten } from '../files/atomic.js';
import { type ResolvedOptions, resolveOptions, type StylizeOptions } from '../options/options.js';
import { schema } from '../options/schema.js';
import { STARTS } from '../options/topics/picture.js';
import { version } from '../package.js';
import { findFile } from '../weights/find.js';
import { type About, type Checkpoint, readCheckpoint } from './checkpoint-file.js';
import { type Fingerprints, fingerprintsOf } from './fingerprints.js';

/** What may change when a run goes on: what decides nothing about the picture, or only how long it is painted. */
const CHANGEABLE = [
  'iterations',
  'device',
  'precision',
  'threads',
  'download',
  'maxPixels',
  'checkpoint',
  'checkpointEvery',
  'onProgress',
  'onWarning',
  'signal',
] as const;

/** What is known by its hash, wherever it lies now. */
const HASHED = ['content', 'style', 'init', 'weights'] as const;

/**
 * What may change when a run goes on from a checkpoint. `iterations` are for the scale where it stands and those to come, and
 * take the place of a quality. `content`, `style`, `init` and `weights` say where the same things, known by their SHA-256, are now;
 * images that were in memory must be given. Any other option may be given as it is.
 */
export type ResumeOptions = Partial<
  Pick<StylizeOptions, (typeof CHANGEABLE)[number] | (typeof HASHED)[number]>
>;

/** @throws CheckpointError, OptionError, WeightsError, DownloadError */
export async function resumption(
  path: string,
  changes: ResumeOptions,
): Promise<{ given: StylizeOptions; from: Checkpoint }> {
  if (typeof path !== 'string' || path === '') {
    throw new OptionError('checkpoint', path, 'the checkpoint to go on from must be a path');
  }
  const from = await readCheckpoint(path);
  const given = merged(from, changes);
  const options = resolveOptions(given);
  const network = await findFile(options.weights, options);
  refuseOthers(from, options, await fingerprintsOf(options, network));
  if (options.quality === undefined) delete from.state.numbers.totals; // which a quality looks at
  return { given, from };
}

/** @throws OptionError for what may not change, and for an image that is missing */
function merged({ path, options }: Checkpoint, changes: ResumeOptions): StylizeOptions {
  const given: Record<string, unknown> = { ...options, checkpoint: path };
  for (const [option, value] of Object.entries(changes)) {
    if (value === undefined) continue;
    if (!isChangeable(option, value, options)) {
      const was = options[option];
      const before = was === null ? 'an image in memory' : (JSON.stringify(was) ?? 'none');
      const message = `${option} cannot change when a run goes on: it began with ${before}; leave it out, or begin anew`;
      throw new OptionError(option, value, message);
    }
    given[option] = value;
    if (option === 'iterations') delete given.quality;
  }
  for (const option of ['content', 'style', 'init'] as const) {
    if (given[option] !== null && !(Array.isArray(given[option]) && given[option].includes(null))) continue;
    throw new OptionError(option, undefined, `${option} was in memory when the run began: give it again`);
  }
  return given as unknown as StylizeOptions;
}

function isChangeable(option: string, value: unknown, options: Record<string, unknown>): boolean {
  const isWord = (init: unknown) => STARTS.some((word) => word === init);
  if (option === 'init' && (isWord(value) || isWord(options.init))) return value === options.init;
  if ([...CHANGEABLE, ...HASHED].some((name) => name === option)) return true;
  const known = (schema.shape as Record<string, (typeof schema.shape)[keyof typeof schema.shape]>)[option];
  const read = (of: unknown) => known?.safeParse(of).data;
  return known !== undefined && isDeepStrictEqual(read(value), read(options[option]));
}

/** @throws CheckpointError for a network or an input that is not what the run began with */
function refuseOthers(
  { path, fingerprints }: Checkpoint,
  { content, styles, init, weights }: ResolvedOptions,
  found: Fingerprints,
): void {
  const refuse = (option: string, source: unknown, what = 'the image') => {
    const name = typeof source === 'string' ? ` "${shorten(source)}"` : '';
    throw new CheckpointError(
      path,
      `${option}${name} is not ${what} that the run of "${shorten(path)}" began with: put that back, or say where it is now by ${option}`,
    );
  };
  if (found.weights !== fingerprints.weights) refuse('weights', weights, 'the network');
  if (found.content !== fingerprints.content) refuse('content', content);
  if (found.style.length !== fingerprints.style.length)
    refuse('style', styles.length, 'as many images as those');
  for (const [i, hash] of fingerprints.style.entries()) {
    if (found.style[i] !== hash) refuse('style', styles[i]);
  }
  if (found.init !== fingerprints.init) refuse('init', init, 'the start');
}

/** Says if what computes now is not what did, so that the bytes may differ. */
export async function noteChanges(
  { path = '', machine, scumble }: Partial<Checkpoint>,
  { device, precision }: Engine,
  options: ResolvedOptions,
): Promise<void> {
  const describe = (where: About['machine']) =>
    [where.device, where.instructionSet, where.precision].filter(Boolean).join(', ');
  const now = { device, precision, ...(device === 'cpu' && { instructionSet: addon().instructionSet }) };
  const changes: string[] = [];
  if (machine && describe(machine) !== describe(now)) {
    changes.push(`began on ${describe(machine)} and goes on on ${describe(now)}`);
  }
  if (scumble !== undefined && scumble !== version) {
    changes.push(`was saved by Scumble ${scumble} and goes on by ${version}`);
  }
  if (changes.length === 0) return;
  const message = `the run of "${shorten(path)}" ${changes.join(', and ')}: the picture may differ in rounding`;
  await warn(options, new CheckpointError(path, message));
}
