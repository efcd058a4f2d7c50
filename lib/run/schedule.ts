// A run as data: the stages that it goes through.

import type { SessionOptions } from '../engine/addon.js';
import type { ResolvedOptions } from '../options/options.js';

/** One stage: so many iterations at one size. */
export interface Stage {
  /** Long side of the picture, in pixels. */
  size: number;
  iterations: number;
  optimizer: SessionOptions['optimizer'];
  /** Details of the Laplacian pyramid whose coefficients are optimised, 0 for the pixels. */
  details: number;
  /** Whether pixels are held to 0..255 after every step. */
  clamp: boolean;
  /** Decay of the running mean that becomes the picture, 0 for the best point. */
  averaging: number;
  /**
   * What the optimiser takes over from the stage before, resized: `'moments'` are Adam's or RMSprop's (and those of its
   * own kind only); `'nothing'` is a fresh start.
   */
  carry: 'nothing' | 'moments';
  /** Whether it begins with the content's finest detail on the picture of the stage before. */
  startDetail: boolean;
}

/** The stages that the options mean. */
export function scheduleOf(options: ResolvedOptions, sizes: readonly number[]): Stage[] {
  const { averaging, clamp, carry, learningRate, history, beta1, beta2, epsilon } = options;
  const optimizer = { kind: options.optimizer, learningRate, history, beta1, beta2, epsilon };
  const details = options.variable === 'laplacian' ? options.variableLevels : 0;
  return sizes.map((size, i) => ({
    size,
    iterations: options.iterations[i] ?? options.iterations.at(-1)!,
    optimizer,
    details,
    clamp,
    averaging,
    carry,
    startDetail: options.startDetail && i > 0 && i < sizes.length - 1,
  }));
}
