// Tests that need the golden data and the real weights: where those are absent they say so and pass.

import { existsSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { GOLDEN, WEIGHTS } from './golden.js';

export const present = existsSync(GOLDEN) && existsSync(WEIGHTS);

export const withGolden = (title: string, run: (t: ExecutionContext) => Promise<void>) =>
  test.serial(title, async (t) => {
    if (present) return run(t);
    t.log('skipped: ../shared/golden or ../shared/weights is not here');
    t.pass();
  });
