// Paints one picture by one configuration: to its schedule's end, or within a time. For the latter a short trial measures
// what an iteration costs at each scale, and the iterations of all scales are shrunk or grown by one factor to fit.

import { Engine, type Picture, Run, type RunOptions } from '../../dist/index.js';
import type { Painted } from './records.js';

/** Iterations at each scale of a trial; the first is not counted, as it warms up. */
const TRIAL = 3;
/** Of the time, how much is planned for: what is left is for surprises. */
const PLANNED = 0.96;

/** Seconds: of everything but iterations, and of an iteration at each scale. */
export interface Costs {
  fixed: number;
  scales: number[];
  /** Iterations that the configuration itself has at each scale. */
  iterations: number[];
}

export type Result = Required<
  Pick<Painted, 'seconds' | 'iterations' | 'cut' | 'total' | 'losses' | 'device'>
> & {
  picture: Picture;
};

/** Measures a configuration on a pair. */
export async function measure(options: Record<string, unknown>): Promise<Costs> {
  const planned = await onRun(options, async (run) => run.stages.map(({ iterations }) => iterations));
  const began = performance.now();
  return onRun({ ...options, iterations: TRIAL }, async (run) => {
    const ends: number[][] = run.stages.map(() => []);
    for await (const { scaleIndex } of run) ends[scaleIndex - 1]!.push(performance.now());
    await run.image();
    const all = performance.now() - began;
    // Between the first and the last iteration of a scale there is nothing else.
    const scales = ends.map((times) => (times.at(-1)! - times[0]!) / (times.length - 1) / 1000);
    const fixed = Math.max(0, all / 1000 - TRIAL * scales.reduce((sum, cost) => sum + cost, 0));
    return { fixed, scales, iterations: planned };
  });
}

/** Iterations at each scale that fill so many seconds, in the proportion that the configuration has. */
export function fitted({ fixed, scales, iterations }: Costs, seconds: number): number[] {
  const cost = scales.reduce((sum, each, i) => sum + each * iterations[i]!, 0);
  const factor = Math.max(0, seconds * PLANNED - fixed) / cost;
  return iterations.map((count) => Math.max(1, Math.floor(count * factor)));
}

/** Paints; with a budget, what there is when so many seconds have passed. */
export async function paint(options: Record<string, unknown>, budget?: number): Promise<Result> {
  const began = performance.now();
  const gone = () => (performance.now() - began) / 1000;
  return onRun(options, async (run) => {
    const iterations = run.stages.map(({ size, iterations: of }) => ({ size, done: 0, of }));
    let [total, losses]: [number, Record<string, number>] = [Number.NaN, {}];
    let cut = false;
    for await (const progress of run) {
      iterations[progress.scaleIndex - 1]!.done = progress.iteration;
      ({ total, losses } = progress);
      cut = budget !== undefined && gone() >= budget && !run.isDone;
      if (cut) break;
    }
    const picture = await run.image();
    return { picture, seconds: gone(), iterations, cut, total, losses, device: run.device };
  });
}

async function onRun<T>(options: Record<string, unknown>, work: (run: Run) => Promise<T>): Promise<T> {
  const { device, precision, ...rest } = options;
  const engine = await Engine.open({ device, precision } as Parameters<typeof Engine.open>[0]);
  try {
    const run = await Run.start(engine, rest as unknown as RunOptions);
    try {
      return await work(run);
    } finally {
      await run.dispose();
    }
  } finally {
    await engine.close();
  }
}

/** As the option `iterations` takes it: one number where all are the same. */
export const asOption = (counts: number[]) =>
  counts.every((count) => count === counts[0]) ? counts[0]! : counts;
