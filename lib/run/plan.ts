// What a run will need, from sizes alone: its stages, and how much memory it takes where, before anything large is read.

import { addon } from '../engine/addon.js';
import type { Engine } from '../engine/engine.js';
import { architectureOf, needsOf } from '../engine/layers.js';
import type { InputChanges, SharedNetwork } from '../engine/networks.js';
import { sessionOf } from '../objective/objective.js';
import { checkNetwork } from '../options/needs.js';
import type { ResolvedOptions } from '../options/options.js';
import { findFile } from '../weights/find.js';
import { mostForReading, planSizes, probeSources, type Sources, sizesAt } from './inputs.js';
import { type Stage, scheduleOf } from './schedule.js';

/** Bytes that a run takes at its peak, for a long side of the picture. */
export interface Needs {
  host(size: number): number;
  /** Of a GPU's memory; absent on the CPU. */
  device?: (size: number) => number;
}

export interface RunPlan {
  stages: readonly Stage[];
  sources: Sources;
  /** The long sides to go through, and the smallest there can be. */
  sizes: number[];
  least: number;
  /** The shortest side that leaves a pixel at every layer. */
  shortest: number;
  /** How much of the network the objective needs. */
  convolutions: number;
  /** Of the network. */
  file: string;
  /** The network on an engine. */
  networkOn(engine: Engine): Promise<SharedNetwork>;
  needsOn(engine: Engine, network: SharedNetwork): Needs;
}

/** Bytes of a pixel of an image on the host: three floats. */
const PIXEL = 12;

/** What the worker's heap grows by while it finishes a picture: so much a pixel until its young generation is full, as measured. */
const FINISHING = { pixel: 1000, most: 45e6 };

/** @throws ImageError, WeightsError, DownloadError, OptionError for layers that the network does not have */
export async function planRun(engine: Engine, options: ResolvedOptions): Promise<RunPlan> {
  options.signal?.throwIfAborted();
  const file = await findFile(options.weights, options);
  const input = inputChanges(options);
  const networkOn = (on: Engine) => on.networks.open(file, input);
  const { shape, range } = await networkOn(engine);
  checkNetwork(options, { ...shape, range });
  const { convolutions, side: shortest } = needsOf(shape, options.terms, options.rounding);
  const sources = await probeSources(options);
  const { sizes, least } = planSizes(options, sources, shortest);
  const stages = scheduleOf(options, sizes);
  const architecture = architectureOf(shape, convolutions);

  const images = (size: number) => {
    const { content, styles } = sizesAt(options, sources, size, shortest);
    const pixels = [content, ...styles].reduce((sum, { width, height }) => sum + width * height, 0);
    // The scales below the last add up to about as much again; the start has one.
    return PIXEL * (2 * pixels + content.width * content.height);
  };
  const states = (size: number, count: number) => {
    const { width, height } = sizesAt(options, sources, size, shortest).content;
    return count * PIXEL * width * height * stateVectors(options);
  };
  // The state on its way to the disk.
  const saving = (size: number) => (options.checkpoint === undefined ? 0 : states(size, 1));
  // That of the stage before, the fresh one, what is made of both, and older ones that nobody has collected yet, as measured.
  const carries = options.carry === 'moments' && options.optimizer !== 'lbfgs' && stages.length > 1;
  const carrying = (size: number) => (carries ? states(size, 4) : 0);
  // In the worker, where the largest image that it goes by is copied to; the session is still there.
  const finishing = (size: number) => {
    if (options.finish === 'none' && options.vividness === 0) return 0;
    const { content, styles } = sizesAt(options, sources, size, shortest);
    const [pixels, ...others] = [content, ...styles].map(({ width, height }) => width * height);
    return Math.min(FINISHING.most, FINISHING.pixel * pixels!) + PIXEL * Math.max(pixels!, ...others);
  };
  const needsOn = (on: Engine, network: SharedNetwork): Needs => {
    const ofStage = ({ size, terms, optimizer, averaging, details }: Stage) => {
      const { content, styles } = sizesAt(options, sources, size, shortest);
      return addon().Session.estimate(on.backend, [architecture], {
        ...sessionOf(options, terms, { content, styles }, (image) => (image.hasAlpha ? image : undefined)),
        optimizer,
        averaging,
        details,
        start: content,
      });
    };
    const packed = network.has(convolutions);
    // Stages may differ in their terms, so that the last one need not be the largest.
    const most = (of: (needs: ReturnType<typeof ofStage>) => number) => (largest: number) =>
      Math.max(
        ...stages.map((stage) => {
          const size = Math.max(least, Math.round((stage.size / options.size) * largest));
          const needs = ofStage({ ...stage, size });
          return of(needs) + (packed ? 0 : needs.network);
        }),
      );
    const reading = (size: number) => mostForReading(options, sources, size);
    const [session, beginning] = [
      most(({ session }) => session),
      most(({ session, targets }) => session + targets),
    ];
    if (on.device !== 'cpu') {
      const targets = most(({ targets }) => targets); // beside the network's weights, on their way there
      const beside = (size: number) =>
        Math.max(targets(size), reading(size), carrying(size), saving(size), finishing(size));
      return { host: (size) => images(size) + beside(size), device: session };
    }
    // Images are read before the engine begins; what is beside the session comes when its targets are gone.
    const beside = (size: number) => Math.max(carrying(size), saving(size), finishing(size));
    const host = (size: number) =>
      images(size) + Math.max(reading(size), beginning(size), session(size) + beside(size));
    return { host };
  };
  return { stages, sources, sizes, least, shortest, convolutions, file, networkOn, needsOn };
}

/** Vectors of a state, at most: see native/cpp/core/state.h. A pyramid has a third more than its picture. */
function stateVectors({ optimizer, history, variable }: ResolvedOptions): number {
  const own = { lbfgs: 2 * history + 2, adam: 2, rmsprop: 1 }[optimizer] + 1;
  return 1 + (variable === 'laplacian' ? 4 / 3 : 1) * own;
}

/** What the options replace of the network's own input. */
function inputChanges({ padding, inputRange }: ResolvedOptions): InputChanges {
  return { ...(padding && { padding }), ...(inputRange !== undefined && { range: inputRange }) };
}
