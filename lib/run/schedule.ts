// A run as data: the stages that it goes through.

import type { SessionOptions } from '../engine/addon.js';
import { atStage, type ByScale } from '../options/by-scale.js';
import type { ResolvedOptions } from '../options/options.js';
import { nothingToPaint, type StageTerm, termsAt } from '../options/terms.js';
import type { Plateau } from './plateau.js';
import { stayOf } from './quality.js';

/** One stage: so many iterations at one size, or fewer. */
export interface Stage {
  /** Long side of the picture, in pixels. */
  size: number;
  /** At most, where there is a plateau to stop at; else exactly. */
  iterations: number;
  plateau?: Plateau;
  /** What is minimised. */
  terms: readonly StageTerm[];
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

/** The stages that the options mean. @throws OptionError for one that has nothing to minimise */
export function scheduleOf(options: ResolvedOptions, sizes: readonly number[]): Stage[] {
  const { averaging, clamp, carry, history, firstStep, beta1, beta2, epsilon } = options;
  const details = options.variable === 'laplacian' ? options.variableLevels : 0;
  const { iterations, plateau } = stayOf(options);
  const largest = sizes.at(-1)!;
  const all = [...sizes, ...Array<number>(options.passes - 1).fill(largest)];
  return all.map((size, i) => {
    const at = (values: ByScale) => atStage(values, i, all.length);
    const terms = termsAt(options.terms, i, all.length);
    if (terms.length === 0) throw nothingToPaint(` at scale ${i + 1} of ${all.length}`);
    return {
      size,
      iterations: at(iterations),
      ...(plateau && { plateau }),
      terms,
      optimizer: {
        kind: options.optimizer,
        learningRate: at(options.learningRate),
        history,
        firstStep,
        beta1,
        beta2,
        epsilon,
      },
      details,
      clamp,
      averaging,
      carry,
      startDetail: options.startDetail && i > 0 && size < largest,
    };
  });
}
