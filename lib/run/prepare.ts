// What a run needs before its first iteration: the network, the sizes and images of its stages, and memory set aside.

import { addon, type EngineReservation } from '../engine/addon.js';
import type { Engine } from '../engine/engine.js';
import { architectureOf, needsOf } from '../engine/layers.js';
import { hostMemory, reserveFor } from '../engine/memory.js';
import type { InputChanges, SharedNetwork } from '../engine/networks.js';
import { sessionOf } from '../objective/objective.js';
import { checkNetwork } from '../options/needs.js';
import type { ResolvedOptions } from '../options/options.js';
import { findFile } from '../weights/find.js';
import {
  type Inputs,
  mostForReading,
  planSizes,
  probeSources,
  readInputs,
  type Say,
  sizesAt,
} from './inputs.js';
import { type Stage, scheduleOf } from './schedule.js';

/** Where a run computes: the engine, the network on it, and what is kept and set aside for it there. */
export interface Deployment {
  engine: Engine;
  network: SharedNetwork;
  reservations: EngineReservation[];
}

export interface Prepared {
  stages: readonly Stage[];
  inputs: Inputs;
  /** How much of the network the objective needs. */
  convolutions: number;
  deployment: Deployment;
  /** Takes the run to another engine. @throws MemoryError */
  moveTo(engine: Engine): Promise<Deployment>;
}

/** Bytes of a pixel of an image on the host: three floats. */
const PIXEL = 12;

/**
 * What files and sizes alone tell of a run: all that can be wrong with it but memory, and images that end too early.
 *
 * @throws ImageError, WeightsError, DownloadError, and OptionError for layers that the network does not have
 */
export async function outline(engine: Engine, options: ResolvedOptions) {
  options.signal?.throwIfAborted();
  const file = await findFile(options.weights, options);
  const input = inputChanges(options);
  const { shape, range } = await engine.networks.open(file, input);
  checkNetwork(options, { ...shape, range });
  const { convolutions, side: shortest } = needsOf(shape, options.terms, options.rounding);
  const sources = await probeSources(options);
  const { sizes, least } = planSizes(options, sources, shortest);
  const stages = scheduleOf(options, sizes);
  return { file, input, shape, convolutions, shortest, sources, sizes, least, stages };
}

/** @throws MemoryError, and as outline() */
export async function prepare(engine: Engine, options: ResolvedOptions, say: Say): Promise<Prepared> {
  const { signal } = options;
  const planned = await outline(engine, options);
  const { file, input, shape, convolutions, shortest, sources, sizes, least, stages } = planned;
  const architecture = architectureOf(shape, convolutions);

  const images = (size: number) => {
    const { content, styles } = sizesAt(options, sources, size, shortest);
    const pixels = [content, content, ...styles].reduce((sum, { width, height }) => sum + width * height, 0);
    return 2 * PIXEL * pixels; // the scales below the last add up to about as much again
  };
  const settle = async (on: Engine): Promise<Deployment> => {
    const network = await on.networks.open(file, input);
    const ofStage = ({ size, terms, optimizer, averaging, details }: Stage) => {
      const { content, styles } = sizesAt(options, sources, size, shortest);
      const estimate = addon().Session.estimate(on.backend, [architecture], {
        ...sessionOf(options, terms, { content, styles }, (image) => (image.hasAlpha ? image : undefined)),
        optimizer,
        averaging,
        details,
        start: content,
      });
      return estimate.session + (network.has(convolutions) ? 0 : estimate.network);
    };
    // Stages may differ in their terms, so that the last one need not be the largest.
    const inEngine = (largest: number) =>
      Math.max(
        ...stages.map((stage) =>
          ofStage({ ...stage, size: Math.max(least, Math.round((stage.size / options.size) * largest)) }),
        ),
      );
    const reading = (size: number) => mostForReading(options, sources, size);
    if (on.device === 'cpu') {
      // Images are read before the engine begins.
      const most = (size: number) => images(size) + Math.max(reading(size), inEngine(size));
      const reserved = reserveFor(options.size, least, hostMemory(), most);
      return { engine: on, network, reservations: [reserved, network.hold()] };
    }
    const host = reserveFor(options.size, least, hostMemory(), (size) => images(size) + reading(size));
    try {
      const device = reserveFor(options.size, least, on.memory(), inEngine);
      return { engine: on, network, reservations: [host, device, network.hold()] };
    } catch (error) {
      host.release();
      throw on.failed(error as Error);
    }
  };

  let deployment: Deployment;
  try {
    deployment = await settle(engine);
  } catch (error) {
    deployment = await settle(await engine.retreat(error));
  }
  try {
    signal?.throwIfAborted();
    const bySize = await deployment.engine.guard(readInputs(options, sources, sizes, shortest, say));
    signal?.throwIfAborted();
    const { init } = bySize;
    const inputs = { init, stages: stages.map(({ size }) => bySize.stages[sizes.indexOf(size)]!) };
    return { stages, inputs, convolutions, deployment, moveTo: settle };
  } catch (error) {
    release(deployment);
    throw error;
  }
}

/** What the options replace of the network's own input. */
function inputChanges({ padding, inputRange }: ResolvedOptions): InputChanges {
  return { ...(padding && { padding }), ...(inputRange !== undefined && { range: inputRange }) };
}

/** Gives back what was set aside. */
export function release({ reservations }: Deployment): void {
  for (const reservation of reservations.splice(0)) reservation.release();
}
