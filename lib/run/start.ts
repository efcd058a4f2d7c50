// The first picture of a run, and of each stage what it takes over from the one before.

import { addon, type EngineState } from '../engine/addon.js';
import type { Engine } from '../engine/engine.js';
import { meanColour, type NetworkShape } from '../engine/layers.js';
import { resize } from '../image/resize.js';
import type { Raster } from '../image/types.js';
import type { ResolvedOptions } from '../options/options.js';
import { STARTS, type Start } from '../options/topics/picture.js';
import { styleColours } from './colours.js';
import type { Inputs } from './inputs.js';
import type { Size } from './scales.js';
import type { Stage } from './schedule.js';

type StartOptions = Pick<ResolvedOptions, 'init' | 'seed' | 'noiseDeviation' | 'styleBlend'>;

/** Levels of detail that coarse content lacks, as in NNST. */
const COARSE = 3;

export async function firstPicture(
  { init, seed, noiseDeviation, styleBlend }: StartOptions,
  network: NetworkShape,
  inputs: Inputs,
): Promise<Raster> {
  const { content, styles } = inputs.stages[0]!;
  const { width, height } = content;
  const engine = addon();
  const range: [number, number] = [0, 255];
  const truncated = (mean: number[], deviation: number[]) =>
    engine.truncatedNoise(width, height, mean, deviation, range, seed);
  const pixels: Record<Exclude<Start, 'content'>, () => Promise<Float32Array>> = {
    'coarse-content': () => engine.withoutDetail(content, COARSE),
    noise: () => engine.whiteNoise(width, height, meanColour(network), noiseDeviation, seed),
    // crowsonkb's: from 0.5 to 0.5 + 1/255, from 0 to 1, and N(0.5, 0.25).
    gray: () => engine.uniformNoise(width, height, [127.5, 128.5], seed),
    uniform: () => engine.uniformNoise(width, height, range, seed),
    normal: () => truncated([127.5, 127.5, 127.5], [63.75, 63.75, 63.75]),
    'style-stats': async () => {
      const { mean, variance } = await styleColours(styles, styleBlend);
      return truncated(mean, variance.map(Math.sqrt));
    },
    'mean-colour': async () => {
      const { mean } = await styleColours(styles, styleBlend);
      const plain = await engine.whiteNoise(width, height, mean, 0, seed);
      return engine.addDetail({ data: plain, width, height }, content);
    },
  };
  if (inputs.init) return inputs.init;
  const start = STARTS.find((word) => word === init) ?? 'content';
  return start === 'content' ? content : { width, height, data: await pixels[start]() };
}

/** What a stage leaves to the next. */
export interface Legacy {
  picture: Raster;
  /** Of the same size; only where moments are to be carried. */
  state?: EngineState;
}

/** How what is left gets the next stage's size. */
export interface CarryOver {
  filter: ResolvedOptions['carryFilter'];
  threads: number;
}

/** The start of a stage, at its size. */
export async function startOf(
  { picture }: Legacy,
  { startDetail }: Pick<Stage, 'startDetail'>,
  content: Raster,
  how: CarryOver,
  engine: Engine,
): Promise<Raster> {
  const { width, height } = content;
  const resized = await engine.guard(resize(picture, { width, height }, { ...how, backend: engine.backend }));
  return startDetail ? { width, height, data: await addon().addDetail(resized, content) } : resized;
}

/** Whether `next` takes over moments that `stage` has. */
export function carriesMoments(stage: Stage, next: Stage | undefined): boolean {
  if (next?.carry !== 'moments' || stage.optimizer.kind === 'lbfgs') return false;
  return stage.optimizer.kind === next.optimizer.kind && stage.details === next.details;
}

/** The moments that optimisers have, and the least that each can be. */
const MOMENTS = { 'adam.m': Number.NEGATIVE_INFINITY, 'adam.v': 0, 'rmsprop.v': 0 };

/**
 * An optimiser's moments of one size as the state of a fresh session of another: resized, means of squares held to what
 * they can be, and counted on. Those of a Laplacian pyramid are resized level by level; where a picture so small has not as
 * many levels as the next, they begin afresh.
 */
export async function carriedMoments(
  { picture, state }: Required<Legacy>,
  fresh: EngineState,
  { width, height }: Size,
  { filter, threads }: CarryOver,
  engine: Engine,
  details: number,
): Promise<EngineState> {
  const levels = addon().pyramidLevels(picture.width, picture.height, details);
  const wanted = addon().pyramidLevels(width, height, details);
  if (levels.length !== wanted.length) return fresh;
  const resized = async (values: Float32Array, low: number, length: number) => {
    const all = new Float32Array(length);
    let from = 0;
    let to = 0;
    for (const [i, level] of levels.entries()) {
      const end = from + level.width * level.height * 3;
      const part = {
        data: values.subarray(from, end),
        width: level.width,
        height: level.height,
        channels: 3,
      };
      const range: [number, number] = [low, Number.POSITIVE_INFINITY];
      const how = { filter: low === 0 ? ('triangle' as const) : filter, range };
      const { width, height } = wanted[i]!;
      const work = addon().resample(engine.backend, part, width, height, how, threads);
      all.set(await engine.guard(work), to);
      from = end;
      to += width * height * 3;
    }
    return all;
  };
  const vectors = { ...fresh.vectors };
  for (const [name, low] of Object.entries(MOMENTS)) {
    const values = state.vectors[name];
    if (values) vectors[name] = await resized(values, low, fresh.vectors[name]!.length);
  }
  const steps = state.numbers['adam.steps'];
  return { vectors, numbers: { ...fresh.numbers, ...(steps && { 'adam.steps': steps }) } };
}
