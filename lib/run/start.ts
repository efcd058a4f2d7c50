// The first picture of a run, and of each stage what it takes over from the one before.

import { addon, type EngineState } from '../engine/addon.js';
import type { Engine } from '../engine/engine.js';
import { meanColour, type NetworkShape } from '../engine/layers.js';
import { resize } from '../image/resize.js';
import type { Raster } from '../image/types.js';
import type { ResolvedOptions } from '../options/options.js';
import type { Inputs } from './inputs.js';
import type { Size } from './scales.js';
import type { Stage } from './schedule.js';

/** White noise around the network's mean colour: its standard deviation in 0..255. */
const NOISE_DEVIATION = 64;

export async function firstPicture(
  { init, seed }: Pick<ResolvedOptions, 'init' | 'seed'>,
  network: NetworkShape,
  inputs: Inputs,
): Promise<Raster> {
  const { content } = inputs.stages[0]!;
  if (inputs.init) return inputs.init;
  if (init === 'content') return content;
  const { width, height } = content;
  const mean = meanColour(network);
  return { width, height, data: await addon().whiteNoise(width, height, mean, NOISE_DEVIATION, seed) };
}

/** What a stage leaves to the next. */
export interface Legacy {
  picture: Raster;
  /** Of the same size; only where moments are to be carried. */
  state?: EngineState;
}

/** The start of a stage, at its size. */
export function startOf(
  { picture }: Legacy,
  { width, height }: Size,
  threads: number,
  engine: Engine,
): Promise<Raster> {
  return engine.guard(resize(picture, { width, height }, threads, engine.backend));
}

/** Whether `next` takes over moments that `stage` has. */
export function carriesMoments(stage: Stage, next: Stage | undefined): boolean {
  return next?.carry === 'moments' && stage.optimizer.kind === 'adam' && next.optimizer.kind === 'adam';
}

/**
 * Adam's moments of one size as the state of a fresh session of another: both resized, the second held to what a mean of
 * squares can be, and counted on.
 */
export async function carriedMoments(
  { picture, state }: Required<Legacy>,
  fresh: EngineState,
  { width, height }: Size,
  threads: number,
  engine: Engine,
): Promise<EngineState> {
  const resized = (name: string, low: number) => {
    const from = { data: state.vectors[name]!, width: picture.width, height: picture.height, channels: 3 };
    const range: [number, number] = [low, Number.POSITIVE_INFINITY];
    return engine.guard(addon().resample(engine.backend, from, width, height, range, threads));
  };
  return {
    vectors: {
      ...fresh.vectors,
      'adam.m': await resized('adam.m', Number.NEGATIVE_INFINITY),
      'adam.v': await resized('adam.v', 0),
    },
    numbers: { ...fresh.numbers, 'adam.steps': state.numbers['adam.steps']! },
  };
}
