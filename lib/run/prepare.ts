// What a run needs before its first iteration: the network, the images of its stages, and memory set aside.

import type { EngineReservation } from '../engine/addon.js';
import type { Engine } from '../engine/engine.js';
import { hostMemory, reserveFor } from '../engine/memory.js';
import type { SharedNetwork } from '../engine/networks.js';
import type { ResolvedOptions } from '../options/options.js';
import { type Inputs, readInputs, type Say } from './inputs.js';
import { planRun } from './plan.js';
import type { Stage } from './schedule.js';

/** Where a run computes: the engine, the network on it, and what is kept and set aside for it there. */
export interface Deployment {
  engine: Engine;
  network: SharedNetwork;
  reservations: EngineReservation[];
}

export interface Prepared {
  /** Of the network. */
  file: string;
  stages: readonly Stage[];
  inputs: Inputs;
  /** How much of the network the objective needs. */
  convolutions: number;
  deployment: Deployment;
  /** Takes the run to another engine. @throws MemoryError */
  moveTo(engine: Engine): Promise<Deployment>;
}

/**
 * @throws ImageError, WeightsError, DownloadError, OptionError for layers that the network does not have, and MemoryError
 */
export async function prepare(engine: Engine, options: ResolvedOptions, say: Say): Promise<Prepared> {
  const { signal } = options;
  const { stages, sources, sizes, least, shortest, convolutions, file, ...plan } = await planRun(
    engine,
    options,
  );
  const settle = async (on: Engine): Promise<Deployment> => {
    const network = await plan.networkOn(on);
    const needs = plan.needsOn(on, network);
    const host = reserveFor(options.size, least, hostMemory(), needs.host);
    if (!needs.device) return { engine: on, network, reservations: [host, network.hold()] };
    try {
      const device = reserveFor(options.size, least, on.memory(), needs.device);
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
    return { file, stages, inputs, convolutions, deployment, moveTo: settle };
  } catch (error) {
    release(deployment);
    throw error;
  }
}

/** Gives back what was set aside. */
export function release({ reservations }: Deployment): void {
  for (const reservation of reservations.splice(0)) reservation.release();
}
