// What a run would need, before it is begun: memory from sizes alone, and time from two seconds of trial.

import { warn } from '../engine/choose.js';
import { Engine } from '../engine/engine.js';
import { hostMemory, largestFitting, megabytes } from '../engine/memory.js';
import { MemoryError } from '../errors.js';
import { resolveOptions, type StylizeOptions } from '../options/options.js';
import { MOST_PIXELS_A_SIDE } from '../options/topics/picture.js';
import type { Quality } from '../options/topics/pyramid.js';
import { sizesAt } from './inputs.js';
import { type Needs, planRun, type RunPlan } from './plan.js';
import { prepare, release } from './prepare.js';
import { tryOut } from './trial.js';

/** Share of what is free that the largest size leaves: what is free changes. */
const SPARE = 0.05;

/** Bytes of the machine's memory, and of the GPU's where the run is on one. */
export interface MemoryBytes {
  host: number;
  device?: number;
}

/** What a run would need. */
export interface Estimate {
  /** Where it would run: `cpu`, `cuda:0` … */
  device: string;
  /** Long side of the picture: that of the options, or the largest that fits. */
  size: number;
  /** What it would go through; where a scale may end early, `iterations` are the most. */
  scales: { width: number; height: number; iterations: number }[];
  /** At the run's peak; of the machine's all that the process has then. */
  memory: MemoryBytes;
  /** What is free now, by the system and any limit on this process or its container; of the machine's with what the process has. */
  available: MemoryBytes;
  /** From the beginning, with all that is read, to the picture; where scales may end early, about as long as usual. */
  seconds: number;
  /** Of each quality, where the run goes by one. */
  qualities?: Record<Quality, number>;
}

/**
 * What a run with these options would need. Nothing is painted, but two seconds are tried out.
 *
 * Rejects as stylize() does before its work: with a MemoryError for a size that does not fit, which says the largest that does.
 *
 * @param fit take the largest size that fits instead of the option `size`
 *
 * @example
 * const { memory, seconds } = await estimate({ content: 'river.jpg', style: 'night.jpg', size: 2048 });
 */
export async function estimate(
  options: StylizeOptions,
  { fit = false }: { fit?: boolean } = {},
): Promise<Estimate> {
  const began = performance.now();
  let given = resolveOptions(options);
  const engine = await Engine.open(given);
  try {
    let plan = await planRun(engine, given);
    let needs = await needsOf(engine, plan);
    const available = availableTo(engine);
    if (fit) {
      given = { ...given, size: fittingSize(plan, needs, engine) };
      plan = await planRun(engine, given);
      needs = await needsOf(engine, plan);
    }
    const { size } = given;
    const memory = withProcess(needs, size);
    const prepared = await prepare(engine, given, (warning) => warn(given, warning));
    const { deployment } = prepared;
    try {
      const before = (performance.now() - began) / 1000;
      const forecast = await tryOut(deployment, prepared, given, true);
      const { seconds, qualities } = forecast!;
      const whole = (more: number) => before + more;
      return {
        device: deployment.engine.device,
        size,
        scales: plan.stages.map(({ size, iterations }) => {
          const { width, height } = sizesAt(given, plan.sources, size, plan.shortest).content;
          return { width, height, iterations };
        }),
        memory,
        available,
        seconds: whole(seconds),
        ...(qualities && {
          qualities: {
            draft: whole(qualities.draft),
            good: whole(qualities.good),
            best: whole(qualities.best),
          },
        }),
      };
    } finally {
      release(deployment);
    }
  } finally {
    await engine.close();
  }
}

async function needsOf(engine: Engine, plan: RunPlan): Promise<Needs> {
  return plan.needsOn(engine, await plan.networkOn(engine));
}

/** What is free, and what the process has already. */
function availableTo(engine: Engine): MemoryBytes {
  const { available, taken } = hostMemory();
  return { host: available + taken, ...(engine.device !== 'cpu' && { device: engine.memory().available }) };
}

function withProcess({ host, device }: Needs, size: number): MemoryBytes {
  return { host: process.memoryUsage.rss() + host(size), ...(device && { device: device(size) }) };
}

/** @throws MemoryError if there is none */
function fittingSize({ least }: RunPlan, { host, device }: Needs, engine: Engine): number {
  const free = (1 - SPARE) * hostMemory().available;
  const sizes = [largestFitting(least, MOST_PIXELS_A_SIDE, free, host)];
  if (device)
    sizes.push(largestFitting(least, MOST_PIXELS_A_SIDE, (1 - SPARE) * engine.memory().available, device));
  const size = Math.min(...sizes);
  if (size >= least) return size;
  const needed = host(least);
  const numbers = `${megabytes(needed)} and ${megabytes(free)} are free`;
  throw new MemoryError(`no size fits: the smallest, ${least}, needs ${numbers}`, needed, free, 0);
}
