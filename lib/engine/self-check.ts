// Whether a GPU computes what it should. Found out on first use of a card, by comparing its fast kernels with the float32
// ones, and remembered in the user's cache for that card, driver and build; every run on the card heeds it.

import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { writeAtomically } from '../files/atomic.js';
import type { Precision } from '../options/options.js';
import { issues, version } from '../package.js';
import { cacheRoot } from '../weights/cache.js';
import { addon, addonFile, type EngineComparison, type EngineFailure } from './addon.js';
import { driverVersion, engineIndex, type Gpu } from './devices.js';

/** Cards that are remembered, and bytes that a file of them could have. */
const MOST_CARDS = 32;
const MOST_BYTES = 1 << 20;

/** JSON knows only finite numbers. */
const error = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);
const line = z.string().regex(/^\P{Cc}*$/u); // which will be shown
const schema = z.record(
  z.string(),
  z.strictObject({
    /** The comparisons that failed. */
    wrong: z.array(z.strictObject({ kernel: line, portable: z.boolean(), error, tolerance: z.number() })),
    /** What the device was lost with, if the check did that. */
    lost: line.optional(),
  }),
);

/** What was found out about a card; nothing is wrong with a sound one. */
export type Verdict = z.infer<typeof schema>[string];

const verdicts = new Map<string, Promise<Verdict>>();

/**
 * What is known of a GPU, or is found out now. A device with too little memory to be checked has too little to run: that
 * is left to the run, which has the numbers.
 *
 * @param driver the CUDA version that its driver supports
 * @throws EngineFailure when the device is lost
 */
export async function verdictOn(gpu: Gpu, driver: string | undefined): Promise<Verdict> {
  const card = await cardOf(gpu, driver);
  let verdict = verdicts.get(card);
  if (!verdict) {
    verdict = remembered().then(
      async (known) => known.get(card) ?? verdictFrom(await check(gpu, driver, false)),
    );
    verdicts.set(card, verdict);
  }
  try {
    return await verdict;
  } catch (error) {
    verdicts.delete(card);
    if ((error as EngineFailure).code === 'DEVICE_MEMORY') return { wrong: [] };
    throw error;
  }
}

/**
 * Checks a GPU, whatever is remembered of it, and remembers the outcome. One that loses the device counts against the
 * fast kernels: no other process need lose it again.
 *
 * @param thorough not at one size in milliseconds, but at several, again and again
 * @throws EngineFailure when the device is lost or has too little memory
 */
export async function check(
  gpu: Gpu,
  driver: string | undefined,
  thorough: boolean,
): Promise<EngineComparison[]> {
  const card = await cardOf(gpu, driver);
  try {
    const comparisons = await addon().selfCheck(engineIndex(gpu), thorough);
    await remember(card, verdictFrom(comparisons));
    return comparisons;
  } catch (error) {
    const { code, message } = error as EngineFailure;
    if (code === 'DEVICE_LOST') await remember(card, { wrong: [], lost: message });
    throw error;
  }
}

function verdictFrom(comparisons: EngineComparison[]): Verdict {
  return { wrong: comparisons.filter(({ good }) => !good).map(({ good, ...rest }) => rest) };
}

/** Keeps a run clear of what is wrong with its GPU. @returns how exactly it may compute, and what to say about it */
export function heed(
  { wrong, lost }: Verdict,
  gpu: Gpu,
  precision: Precision,
): { precision: Precision; warning?: string } {
  if (wrong.length === 0 && lost === undefined) return { precision };
  addon().useKernels(engineIndex(gpu), 'portable');
  const first = wrong.find(({ portable }) => portable) ?? wrong[0];
  const why = first
    ? `its ${describe(first, wrong.length - 1)}`
    : `its fast kernels failed when they were checked: ${lost}`;
  const instead = first?.portable ? 'in float32' : 'with the portable kernels';
  return {
    precision: first?.portable ? 'exact' : precision,
    warning:
      `${gpu.device} (${gpu.name}): ${why}; going on ${instead}. ` +
      `Please report this to ${issues} with the output of "scumble doctor", which also checks again`,
  };
}

function describe({ kernel, error, tolerance }: Verdict['wrong'][number], others: number): string {
  const more = others > 0 ? ` (and ${others} more)` : '';
  return `${kernel} is wrong by ${error.toExponential(1)} where ${tolerance.toExponential(1)} is allowed${more}`;
}

/** Everything that could change the outcome. */
async function cardOf({ name, computeCapability }: Gpu, driver: string | undefined): Promise<string> {
  const built = await stat(addonFile()).then(
    ({ mtime }) => mtime.toISOString(),
    () => 'unknown', // it has been loaded, but may have been replaced since
  );
  return [
    name,
    computeCapability,
    `driver ${(await driverVersion()) ?? 'unknown'}, CUDA ${driver}`,
    `scumble ${version} built ${built}`,
  ].join('; ');
}

const memoryFile = () => join(cacheRoot(), 'self-check.json');

/** The verdicts by card, the latest last. A file that is not as remember() makes it says nothing. */
async function remembered(): Promise<Map<string, Verdict>> {
  try {
    const file = memoryFile();
    const found = await stat(file);
    if (!found.isFile() || found.size > MOST_BYTES) return new Map();
    return new Map(Object.entries(schema.parse(JSON.parse(await readFile(file, 'utf8')))));
  } catch {
    return new Map();
  }
}

/** Two processes may forget what the other remembers, and where nothing can be written nothing is: then it is checked again. */
async function remember(card: string, verdict: Verdict): Promise<void> {
  try {
    const known = await remembered();
    known.delete(card);
    known.set(card, verdict);
    const file = memoryFile();
    await mkdir(dirname(file), { recursive: true });
    const json = JSON.stringify(Object.fromEntries([...known].slice(-MOST_CARDS)), null, 2);
    await writeAtomically(file, Buffer.from(`${json}\n`));
  } catch {}
}
