// Total variation: what is neither content nor style, noise above all, should not be there. Each kind is some program's; the
// formulas are in native/cpp/core/losses/tv.cpp and tv_squares.cpp.

import { byScale, weight, words } from '../kinds.js';
import { option, topic } from '../option.js';

/** The engine's names of the kinds. */
const KINDS = {
  absolute: 'tv',
  squared: 'tv-squared',
  gradient: 'tv-gradient',
  diagonal: 'tv-diagonal',
} as const;

export const tv = topic(
  'Losses',
  {
    tvWeight: option(byScale(weight()).default(3000), {
      about: 'weight of the total variation',
      more: 'neural-style-pt has 0.001, of the kind `absolute`. It is of differences of neighbours in 0..255.',
    }),
    tvKind: option(words('absolute', 'squared', 'gradient', 'diagonal').default('squared'), {
      about: 'what of neighbours is summed',
      more: "`absolute`: the differences' magnitudes, as neural-style-pt; `squared`: the mean of their squares, as anishathalye/neural-style; `gradient`: half the sum of their squares without the last row and column, whose gradient counts and whose loss does not, as jcjohnson/neural-style; `diagonal`: the mean of their squares with those of diagonals, as crowsonkb.",
    }),
  },
  ({ tvWeight, tvKind }) => [{ name: 'tv', kind: KINDS[tvKind], weight: tvWeight }],
);
