// A run as data: the stages that it goes through.

import type { SessionOptions } from '../engine/addon.js';
import type { ResolvedOptions } from '../options/options.js';

/** One stage: so many iterations at one size. */
export interface Stage {
  /** Long side of the picture, in pixels. */
  size: number;
  iterations: number;
  optimizer: SessionOptions['optimizer'];
  /** Decay of the running mean that becomes the picture, 0 for the best point. */
  averaging: number;
  /**
   * What the optimiser takes over from the stage before, resized: `'moments'` are Adam's (and those of an Adam only);
   * `'nothing'` is a fresh start.
   */
  carry: 'nothing' | 'moments';
}

/** The stages that the options mean: the same at every size. */
export function scheduleOf(options: ResolvedOptions, sizes: readonly number[]): Stage[] {
  const { iterations, averaging, learningRate, history, beta1, beta2, epsilon } = options;
  const optimizer = { kind: options.optimizer, learningRate, history, beta1, beta2, epsilon };
  return sizes.map((size) => ({ size, iterations, optimizer, averaging, carry: 'nothing' }));
}
