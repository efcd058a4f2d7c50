// From the options that stylize() is given to those that a run goes by. Everything a caller can get wrong in a value is
// caught here, before any file is opened. What the options are, is said topic by topic in topics/.

import type * as z from 'zod';
import { OptionError } from '../errors.js';
import { numbersOf } from './by-scale.js';
import { withPreset } from './presets.js';
import { refusal } from './refusal.js';
import { schema } from './schema.js';
import type { StylizeOptions } from './stylize-options.js';
import { type LossTerm, nothingToPaint } from './terms.js';
import { blendStyles } from './topics/images.js';
import type { Precision } from './topics/machine.js';
import { settleOptimizer } from './topics/optimizer.js';
import { type Pace, settlePace } from './topics/pyramid.js';
import { TOPICS } from './topics.js';

export type { ByScale } from './by-scale.js';
export type { LayerWeights } from './kinds.js';
export type { StylizeOptions } from './stylize-options.js';
export type { Precision };

/** The options with every default filled in. */
export type ResolvedOptions = Omit<
  z.output<typeof schema>,
  'style' | 'styleBlend' | keyof Pace | keyof ReturnType<typeof settleOptimizer>
> &
  ReturnType<typeof blendStyles> &
  ReturnType<typeof settleOptimizer> &
  Pace & {
    /** What is minimised at some scale, in the order of the topics. */
    terms: LossTerm[];
  };

/** Fills in the preset and defaults. @throws OptionError for the first value that is wrong. */
export function resolveOptions(options: StylizeOptions): ResolvedOptions {
  const given = withPreset(options);
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw refusal(parsed.error.issues, given);
  const { style, styleBlend, learningRate, beta2, quality, iterations, ...rest } = parsed.data;
  const { normalizeGradients } = rest;
  const terms = TOPICS.flatMap(({ terms }) => (terms as (values: object) => LossTerm[])(parsed.data))
    .filter(({ weight }) => numbersOf(weight).some((number) => number > 0))
    .map((term) => (normalizeGradients && term.of ? { ...term, normalize: true } : term));
  if (terms.length === 0) throw nothingToPaint();
  checkStyle(options, parsed.data);
  return {
    ...rest,
    ...blendStyles(parsed.data),
    ...settleOptimizer(parsed.data),
    ...settlePace(parsed.data, options),
    terms,
  };
}

/** @throws OptionError for what the caller says of the style loss and would do nothing, as it has no weight by default */
function checkStyle(given: StylizeOptions, { styleWeight }: z.output<typeof schema>): void {
  const { styleLayers, statistic } = given;
  if (styleWeight !== 0 || given.styleWeight !== undefined) return;
  for (const [option, value] of Object.entries({ styleLayers, statistic })) {
    if (value === undefined || isDefault(option as 'styleLayers' | 'statistic', value)) continue;
    throw new OptionError(option, value, `${option} does nothing while styleWeight is 0: give it a weight`);
  }
}

function isDefault(option: keyof typeof schema.shape, value: unknown): boolean {
  const known = schema.shape[option];
  return JSON.stringify(known.parse(value)) === JSON.stringify(known.parse(undefined));
}
