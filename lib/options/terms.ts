// The terms of the objective as options say them: a kind of loss, where it looks, and whose statistic it wants.

import { OptionError } from '../errors.js';
import { atStage, type ByScale, scaled } from './by-scale.js';

/** One term. What a kind of loss computes is said in native/cpp/core/losses. */
export interface LossTerm {
  /** What its loss is called, in Progress.losses: `style:relu1_1`, `tv`. */
  name: string;
  /** The kind of loss, as the engine knows it. */
  kind: string;
  weight: ByScale;
  /** Where it looks: a layer, or several; without them, at the picture itself. */
  layers?: readonly string[];
  /** Whose statistic the picture's should be; without one, nobody's. Those of several styles are blended. */
  of?: 'content' | 'style';
  /** What is matched with those, where the kind matches. */
  source?: 'content';
  /** The kind's own. */
  parameters?: Readonly<Record<string, number>>;
  /** The option that named the layer, for messages. */
  option?: string;
  /** Whether its gradient is scaled at its layer: see normalizeGradients. */
  normalize?: boolean;
}

/** A term as one stage has it. */
export type StageTerm = LossTerm & { weight: number };

/** The terms that count at one of so many stages. */
export function termsAt(terms: readonly LossTerm[], stage: number, count: number): StageTerm[] {
  return terms
    .map((term) => ({ ...term, weight: atStage(term.weight, stage, count) }))
    .filter(({ weight }) => weight > 0);
}

/** What is said where all weights are 0. @param where for people, if not anywhere */
export function nothingToPaint(where = ''): OptionError {
  return new OptionError(
    'contentWeight',
    0,
    `all weights of losses are 0${where}, so there is nothing to paint`,
  );
}

/** A term for each layer, named `group:layer`; the group is the kind unless said otherwise. */
export function layerTerms(
  {
    kind,
    group = kind,
    of,
    option,
    parameters,
  }: {
    kind: string;
    group?: string;
    of: 'content' | 'style';
    option: string;
    parameters?: Readonly<Record<string, number>>;
  },
  weight: ByScale,
  layers: Readonly<Record<string, number>>,
): LossTerm[] {
  return Object.entries(layers).map(([layer, own]) => ({
    name: `${group}:${layer}`,
    kind,
    weight: scaled(weight, own),
    layers: [layer],
    of,
    option,
    ...(parameters && { parameters }),
  }));
}
