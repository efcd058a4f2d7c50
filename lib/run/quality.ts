// What the qualities mean. How they were found is in docs/quality.md.

import type { ByScale } from '../options/by-scale.js';
import type { Pace, Quality } from '../options/topics/pyramid.js';
import type { Plateau } from './plateau.js';

/** How long a run stays at its scales. */
export interface Stay {
  /** Most iterations at each scale. */
  iterations: ByScale;
  /** When a scale is left before that; never, if there is none. */
  plateau?: Plateau;
  /** Iterations that small scales usually take, if they may take more. */
  usual?: number;
}

const STAYS: Record<Quality, Stay> = {
  draft: { iterations: [40, 32, 24, 16, 12, 9, 7], plateau: { window: 8, tolerance: 0.02 }, usual: 32 },
  good: { iterations: [80, 64, 56, 44, 34, 24, 16], plateau: { window: 16, tolerance: 0.01 }, usual: 80 },
  best: {
    iterations: [160, 140, 120, 100, 80, 60, 45],
    plateau: { window: 16, tolerance: 0.003 },
    usual: 128,
  },
};

export function stayOf({ quality, iterations }: Pace): Stay {
  return iterations === undefined ? STAYS[quality] : { iterations };
}
