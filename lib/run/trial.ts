// How long a run will take, from a few iterations at small sizes on its own engine with its own objective.

import { resize } from '../image/resize.js';
import type { Raster } from '../image/types.js';
import { atStage } from '../options/by-scale.js';
import type { ResolvedOptions } from '../options/options.js';
import type { StageTerm } from '../options/terms.js';
import { QUALITIES, type Quality } from '../options/topics/pyramid.js';
import type { StageImages } from './inputs.js';
import type { Deployment, Prepared } from './prepare.js';
import { type Stay, stayOf } from './quality.js';
import { sizeAt } from './scales.js';
import type { Stage } from './schedule.js';
import { StageSession } from './stage.js';

/** Seconds from the first scale's targets to the last iteration. */
export interface Forecast {
  /** Of the run as it is; at most, if scales may end early. */
  seconds: number;
  /** Of each quality, where one was asked for. */
  qualities?: Record<Quality, number>;
}

/** What a stage costs. */
export interface Cost {
  pixels: number;
  /** Pairs of samples that are compared in an iteration. */
  pairs: number;
  /** Seconds until the session stands at its start. */
  targets: number;
  /** Seconds of an iteration. */
  iteration: number;
}

/** Long sides of the trials: small enough to cost little, the larger one large enough to tell pixels from fixed costs. */
const SIDES = [64, 160] as const;
/** Iterations of a trial; the first is not counted, as it warms up. */
const ITERATIONS = 3;
/** What targets cost, in iterations, about. */
const TARGETS = 2;
/** Most of the run's work that the trials may be: who waits for a tenth of it can wait for the rest. */
const SHARE = 0.1;
/** Long sides of further trials, where there is time: the nearer to the run's own, the less is left to the rule. */
const FURTHER = [256, 362, 512, 724, 1024, 1448, 2048];
/** Seconds that all trials may take together. */
const BUDGET = 2;

/** Terms that compare samples, whose number grows with the picture. */
const SAMPLED = ['relaxed-emd', 'moments', 'palette', 'self-similarity'];

/** Samples of picture and styles where the options do not say: as in native/cpp/core/losses/hypercolumns.h. */
function samplesAt(pixels: number): { samples: number; styleSamples: number } {
  const samples = Math.min(1024, Math.max(64, Math.floor(pixels / 128)));
  return { samples, styleSamples: Math.min(5000, 5 * samples) };
}

function pairsAt(pixels: number): number {
  const { samples, styleSamples } = samplesAt(pixels);
  return samples * styleSamples;
}

/**
 * @param thorough whether to go on with larger sizes until two seconds are over, however short the run
 * @returns nothing for a run that is so short that the trials would be a good part of it, if not thorough
 */
export async function tryOut(
  { engine, network }: Deployment,
  { stages, inputs, convolutions }: Prepared,
  options: ResolvedOptions,
  thorough: boolean,
): Promise<Forecast | undefined> {
  const began = performance.now();
  const sizes = inputs.stages.map(({ content: { width, height } }) => width * height);
  const work = stages.reduce((sum, stage, i) => sum + sizes[i]! * usual(stage, stayOf(options)), 0);
  const largest = stages.at(-1)!;
  const { content } = inputs.stages.at(-1)!;
  const trials = SIDES.map((side) => sizeAt(content, side)).map(({ width, height }) => width * height);
  const more = drawsMore(largest.terms) && pairsAt(sizes.at(-1)!) > pairsAt(trials[1]!);
  const cost = (ITERATIONS + TARGETS) * (trials[0]! + trials[1]! * (more ? 2 : 1));
  if (!thorough && cost > SHARE * work) return undefined;

  const packed = await engine.guard(network.packed(convolutions));
  const how = { filter: options.filter, threads: options.threads, backend: engine.backend };
  const attempt = async (side: number, pairsOf?: number): Promise<Cost> => {
    const images = await imagesAt(side, inputs.stages, (image, size) =>
      engine.guard(resize(image, size, how)),
    );
    const { width, height } = images.content;
    const terms = pairsOf === undefined ? largest.terms : withSamplesOf(largest.terms, pairsOf);
    const { plateau, ...rest } = largest;
    const stage: Stage = { ...rest, terms, size: side, iterations: ITERATIONS };
    const began = performance.now();
    const session = await StageSession.begin(engine, packed, stage, images, images.content, options);
    try {
      const stands = performance.now();
      await session.follow();
      const warm = performance.now();
      await session.finish();
      const iteration = (performance.now() - warm) / 1000 / (ITERATIONS - 1);
      const pairs = pairsAt(pairsOf ?? width * height);
      return { pixels: width * height, pairs, targets: (stands - began) / 1000, iteration };
    } finally {
      await session.dispose();
    }
  };
  const measured = [await attempt(SIDES[0]), await attempt(SIDES[1])];
  let last: number = SIDES[1];
  for (const side of thorough ? FURTHER : []) {
    const { width, height } = sizeAt(content, side);
    const next = costsThrough(measured, 0)(width * height);
    const seconds = next.targets + ITERATIONS * next.iteration;
    if (width * height > sizes.at(-1)! || (performance.now() - began) / 1000 + seconds > BUDGET) break;
    measured.push(await attempt(side));
    last = side;
  }
  const large = measured.at(-1)!;
  const stillMore = more && pairsAt(sizes.at(-1)!) > large.pairs;
  const pair = stillMore ? pairCost(large, await attempt(last, sizes.at(-1)!)) : 0;
  const costs = costsThrough(measured, pair);
  const secondsOf = (stay: Stay) =>
    stages.reduce((sum, stage, i) => {
      const { targets, iteration } = costs(sizes[i]!);
      const iterations = atStage(stay.iterations, i, stages.length);
      return sum + targets + iteration * usual({ ...stage, iterations }, stay);
    }, 0);
  const seconds = secondsOf(stayOf(options));
  if (options.quality === undefined) return { seconds };
  const entries = QUALITIES.map((quality) => [quality, secondsOf(stayOf({ quality }))] as const);
  return { seconds, qualities: Object.fromEntries(entries) as Record<Quality, number> };
}

/** Iterations that a stage will do, as far as can be told. */
function usual({ iterations }: Pick<Stage, 'iterations'>, stay: Stay): number {
  return Math.min(iterations, stay.usual ?? iterations);
}

/** What comparing a pair of samples costs, from a trial and the same with as many samples as the largest picture has. */
export function pairCost(few: Cost, many: Cost): number {
  return Math.max(0, (many.iteration - few.iteration) / (many.pairs - few.pairs));
}

/** What a picture of so many pixels costs, by the line through the two of all trials that are nearest. */
export function costsThrough(
  measured: readonly Cost[],
  pair: number,
): (pixels: number) => Omit<Cost, 'pairs'> {
  return (pixels) => {
    const above = measured.findIndex((cost, i) => i > 0 && cost.pixels >= pixels);
    const i = above < 0 ? measured.length - 1 : above;
    return costsOf(measured[i - 1]!, measured[i]!, pair)(pixels);
  };
}

/** The same of two trials; what pairs cost is counted by their number, as that grows otherwise than pixels. */
function costsOf(small: Cost, large: Cost, pair: number): (pixels: number) => Omit<Cost, 'pairs'> {
  const through = (of: (cost: Cost) => number) => {
    const slope = Math.max(0, (of(large) - of(small)) / (large.pixels - small.pixels));
    return (pixels: number) => Math.max(0, of(small) - slope * small.pixels) + slope * pixels;
  };
  const iteration = through(({ iteration, pairs }) => iteration - pair * pairs);
  const targets = through(({ targets }) => targets);
  return (pixels) => ({
    pixels,
    targets: targets(pixels),
    iteration: iteration(pixels) + pair * pairsAt(pixels),
  });
}

/** Whether there are samples, and the options leave their number to the picture's size. */
function drawsMore(terms: readonly StageTerm[]): boolean {
  return terms.some(({ kind, parameters }) => SAMPLED.includes(kind) && parameters?.samples === undefined);
}

/** The terms, with as many samples as a picture of so many pixels has. */
function withSamplesOf(terms: readonly StageTerm[], pixels: number): StageTerm[] {
  const { samples, styleSamples } = samplesAt(pixels);
  return terms.map((term) => {
    if (!SAMPLED.includes(term.kind)) return term;
    const counts = term.of === 'style' ? { samples, styleSamples } : { samples };
    return { ...term, parameters: { ...counts, ...term.parameters } };
  });
}

/** The images of a stage, as small as a trial's; styles as large beside the content as they are. */
async function imagesAt(
  side: number,
  stages: readonly StageImages[],
  resized: (image: Raster, size: { width: number; height: number }) => Promise<Raster>,
): Promise<StageImages> {
  const long = ({ width, height }: Raster) => Math.max(width, height);
  const from = stages.find(({ content }) => long(content) >= side) ?? stages.at(-1)!;
  const factor = side / long(from.content);
  const styles: Raster[] = [];
  for (const style of from.styles) {
    styles.push(await resized(style, sizeAt(style, Math.max(1, Math.round(long(style) * factor)))));
  }
  return { content: await resized(from.content, sizeAt(from.content, side)), styles };
}
