// From the terms that options say to those that the engine is told, and from its losses back to names.

import { addon, type EngineLosses, type EngineTerm, type SessionOptions } from '../engine/addon.js';
import type { ResolvedOptions } from '../options/options.js';
import type { LossTerm, StageTerm } from '../options/terms.js';

/**
 * What a session is told of the objective, of its images, and of how features are made. Image 0 is the content; the styles
 * follow. What is transparent is in no statistic of a kind that takes masks: neither of a style nor of the picture, which has
 * the content's opacity.
 *
 * @param maskOf the opacity of an image that is not opaque
 */
export function sessionOf<Image, Mask>(
  { pooling, poolingScale, rounding, seed, threads, styleBlend }: ResolvedOptions,
  terms: readonly StageTerm[],
  { content, styles }: { content: Image; styles: readonly Image[] },
  maskOf: (image: Image) => Mask | undefined,
): Omit<SessionOptions, 'optimizer' | 'averaging'> & { images: Image[]; masks: Mask[] } {
  const images = [content, ...styles];
  const masks: Mask[] = [];
  const indices = images.map((image) => {
    const mask = maskOf(image);
    return mask === undefined ? undefined : masks.push(mask) - 1;
  });
  return {
    pooling,
    poolingScale,
    rounding,
    seed,
    threads,
    terms: terms.map((term) => engineTerm(term, styleBlend, indices)),
    images,
    masks,
  };
}

function engineTerm(
  { name, kind, weight, layers, of, source, normalize, parameters }: StageTerm,
  styleBlend: readonly number[],
  masks: readonly (number | undefined)[],
): EngineTerm {
  const blends =
    of === 'content' ? [{ image: 0, blend: 1 }] : styleBlend.map((blend, i) => ({ image: i + 1, blend }));
  const takesMasks = addon().lossKinds.some((known) => known.name === kind && known.takesMasks);
  const masked = (image: number) => {
    const mask = takesMasks ? masks[image] : undefined;
    return mask === undefined ? {} : { mask };
  };
  const sources = source === 'content' ? [{ image: 0, blend: 1, source: true }] : [];
  const targets = [...sources, ...blends.map((target) => ({ ...target, ...masked(target.image) }))];
  return {
    name,
    kind,
    weight,
    ...(layers && { layers }),
    ...(of && { targets }),
    ...(parameters && { parameters: { ...parameters } }),
    ...masked(0),
    ...(normalize && { normalize }),
  };
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
    const { name, layers } = terms[i]!;
    const layer = layers?.[0];
    if (layer !== undefined && name.startsWith(group) && name[group.length] === ':')
      losses[layer] = values[i]!;
  }
  return losses;
}
