// From the terms that options say to those that the engine is told, and from its losses back to names.

import type { EngineLosses, EngineTerm, SessionOptions } from '../engine/addon.js';
import type { ResolvedOptions } from '../options/options.js';
import type { LossTerm } from '../options/terms.js';

/** What a session is told of the objective and of how features are made. Its image 0 is the content; the styles follow. */
export function setupOf({
  pooling,
  rounding,
  threads,
  terms,
  styleBlend,
}: ResolvedOptions): Omit<SessionOptions, 'optimizer' | 'averaging'> {
  return { pooling, rounding, threads, terms: terms.map((term) => engineTerm(term, styleBlend)) };
}

function engineTerm({ name, kind, weight, layer, of }: LossTerm, styleBlend: readonly number[]): EngineTerm {
  const targets =
    of === 'content'
      ? [{ image: 0, blend: 1 }]
      : styleBlend.map((blend, style) => ({ image: style + 1, blend }));
  return { name, kind, weight, ...(layer !== undefined && { layer }), ...(of && { targets }) };
}

/** Losses by the names of their terms. It is made in every iteration, so it is made in one go. */
export function namedLosses(
  terms: readonly LossTerm[],
  { terms: values }: EngineLosses,
): Record<string, number> {
  const losses: Record<string, number> = {};
  for (let i = 0; i < terms.length; i++) losses[terms[i]!.name] = values[i]!;
  return losses;
}

/** The losses of a group of terms by layer: of `style`, those named `style:…`. */
export function lossesOf(
  terms: readonly LossTerm[],
  { terms: values }: EngineLosses,
  group: string,
): Record<string, number> {
  const losses: Record<string, number> = {};
  for (let i = 0; i < terms.length; i++) {
    const { name, layer } = terms[i]!;
    if (layer !== undefined && name.startsWith(group) && name[group.length] === ':')
      losses[layer] = values[i]!;
  }
  return losses;
}
