// Where a run stands, as data, and whether it is one that another run can go on from.

import type { EngineState } from '../engine/addon.js';
import { OptionError } from '../errors.js';
import type { StageImages } from './inputs.js';
import type { Stage } from './schedule.js';

/**
 * Where a run stands: named vectors and numbers, plain data. A run that begins there with the same options ends in the
 * same bytes as one that was never interrupted; on another device it goes on with that one's rounding.
 */
export interface RunState {
  /**
   * Interleaved RGB: `picture`, or `variable` where the coefficients of a Laplacian pyramid are optimised; `result`, which is
   * a picture; and those of the optimiser.
   */
  vectors: Record<string, Float32Array>;
  /**
   * `stage` (its index), `size` (width, height), those of the iteration and the optimiser, and where a stage may stop early
   * `totals`: the loss at each of its iterations.
   */
  numbers: Record<string, number[]>;
}

/** Where the session of a stage stands. */
export interface StageState extends EngineState {
  /** The loss at each of its iterations; none where nobody asks. */
  totals: number[];
}

/** The stage that a state is of, and what its session is to be restored to. @throws OptionError if it fits none */
export function standingIn(
  state: RunState,
  stages: readonly Stage[],
  images: readonly StageImages[],
): { index: number; left: StageState } {
  const { stage, size, totals = [], ...numbers } = state.numbers ?? {};
  const index = stage?.[0] ?? -1;
  const content = images[index]?.content;
  const { result, variable, picture } = state.vectors ?? {};
  const done = numbers.iteration?.[0] ?? -1;
  const fits =
    content?.width === size?.[0] &&
    content?.height === size?.[1] &&
    content?.data.length === result?.length &&
    (variable !== undefined || content?.data.length === picture?.length) &&
    Number.isInteger(done) &&
    done >= 0 &&
    totals.length === (stages[index]?.plateau ? done : 0);
  if (!fits) throw notThisRun();
  const { iterations } = stages[index]!;
  if (done > iterations) {
    const message = `iterations is ${iterations} where the run stands, which has done ${done} there: give ${done} or more`;
    throw new OptionError('iterations', iterations, message);
  }
  return { index, left: { vectors: state.vectors, numbers, totals } };
}

/** @throws OptionError for what the engine does not take as a state of this run */
export function refuseState(error: unknown): never {
  if ((error as { code?: string }).code !== 'INVALID_ARGUMENT' && !(error instanceof TypeError)) throw error;
  throw notThisRun(error);
}

function notThisRun(cause?: unknown): OptionError {
  const why = cause === undefined ? '' : `: ${(cause as Error).message}`;
  return new OptionError('state', undefined, `the state is not one of a run with these options${why}`, cause);
}
