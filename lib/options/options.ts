// From the options that stylize() is given to those that a run goes by. Everything a caller can get wrong in a value is
// caught here, before any file is opened. What the options are, is said topic by topic in this folder: see topics.ts.

import type * as z from 'zod';
import { blendStyles } from './images.js';
import { checkWeights } from './objective.js';
import { LEARNING_RATE } from './optimizer.js';
import { refusal } from './refusal.js';
import type { StylizeOptions } from './stylize-options.js';
import { schema } from './topics.js';

export type { LayerWeights } from './kinds.js';
export type { Precision } from './machine.js';
export type { StylizeOptions } from './stylize-options.js';

/** The options with every default filled in. */
export type ResolvedOptions = Omit<z.output<typeof schema>, 'style' | 'styleBlend' | 'learningRate'> &
  ReturnType<typeof blendStyles> & { learningRate: number };

/** Fills in defaults. @throws OptionError for the first value that is wrong. */
export function resolveOptions(given: StylizeOptions): ResolvedOptions {
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw refusal(parsed.error.issues, given);
  checkWeights(given);
  const { style, styleBlend, learningRate, ...rest } = parsed.data;
  return {
    ...rest,
    ...blendStyles(parsed.data),
    learningRate: learningRate ?? LEARNING_RATE[rest.optimizer],
  };
}
