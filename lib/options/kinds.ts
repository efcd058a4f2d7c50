// The kinds of values that options have. Every message of theirs completes "<option> must be …".

import * as z from 'zod';
import type { ImageSource } from '../image/types.js';
import { type ByScale, GAP } from './by-scale.js';
import { kind, kinds } from './option.js';

/** Layers with a weight each (names alone weigh 1): `['relu4_2']` or `{ relu1_1: 1, relu2_1: 0.5 }`. */
export type LayerWeights = readonly string[] | Readonly<Record<string, number>>;

export const number = (ok: (n: number) => boolean, what: string, range: string, value = 'n') =>
  kind(z.number(what).refine(ok, what), { type: 'number', reads: 'number', range, value, what });

export const integer = (low: number, high: number, range = `${low}..${high}`) =>
  number((n) => Number.isInteger(n) && n >= low && n <= high, `an integer from ${low} to ${high}`, range);

/** A number for all scales, or a list of them: see by-scale.ts. */
export function byScale(one: z.ZodType<number, number>) {
  const { range, value, what } = kinds.get(one)!;
  const list = `${what}, or a list of at least one`;
  const schema: z.ZodType<ByScale, ByScale> = z.union(
    [
      z
        .array(z.union([z.literal(GAP), one], what))
        .min(1, list)
        .refine(between, `${list}, with "${GAP}" once at most, between two`),
      one,
    ],
    list,
  );
  return kind(schema, {
    type: 'ByScale',
    reads: 'byScale',
    ...(range && { range: `${range}, or a list` }),
    ...(value && { value }),
  });
}

/** Whether the gap has numbers before and behind it, if there is one. */
function between(list: readonly unknown[]): boolean {
  const at = list.indexOf(GAP);
  return at === list.lastIndexOf(GAP) && at !== 0 && at !== list.length - 1;
}

export const weight = () => number((n) => n >= 0, 'a number that is 0 or more', '0 or more', 'w');

export const positive = () => number((n) => n > 0, 'a number above 0', 'above 0');

/** The part of a running mean that one step leaves. */
export const decay = () =>
  number((n) => n >= 0 && n < 1, 'a number from 0 up to but not including 1', '0 to below 1', 'decay');

/** A share of a whole that is cut off at both of its ends. */
export const margin = () =>
  number((n) => n >= 0 && n < 0.5, 'a number from 0 up to but not including 0.5', '0 to below 0.5', 'share');

/** One of some words. */
export function words<const W extends readonly [string, string, ...string[]]>(...allowed: W) {
  const what = `${allowed.slice(0, -1).join(', ')} or ${allowed.at(-1)}`;
  const type = allowed.map((word) => `'${word}'`).join(' | ');
  return kind(z.enum(allowed, what), { type, reads: 'text', range: what, value: 'kind' });
}

/** A text that is `what`. */
export function text(what: string, ok: RegExp, range?: string) {
  const schema = z.string(what).regex(ok, what);
  return kind(schema, { type: 'string', reads: 'text', ...(range && { range }) });
}

const INTERVAL = 'a whole number of iterations above 0, or seconds such as "60s"';
/** So many iterations, or seconds. */
export const interval = () => {
  const schema: z.ZodType<number | string, number | string> = z.union(
    [
      z.number(INTERVAL).refine((n) => Number.isSafeInteger(n) && n > 0, INTERVAL),
      z
        .string(INTERVAL)
        .regex(/^\d{1,9}(\.\d{1,3})?s$/, INTERVAL)
        .refine((seconds) => Number.parseFloat(seconds) > 0, INTERVAL),
    ],
    INTERVAL,
  );
  return kind(schema, { type: 'number | string', reads: 'interval' });
};

export const yesOrNo = () => kind(z.boolean('true or false'), { type: 'boolean', reads: 'switch' });

export const image = () =>
  kind(
    z.custom<ImageSource>(
      (v) =>
        (typeof v === 'string' && v !== '') ||
        v instanceof URL ||
        v instanceof Uint8Array ||
        v instanceof ArrayBuffer ||
        (typeof v === 'object' && v !== null && 'data' in v),
      'a path, a file: URL, a Buffer or { data, width, height, channels }',
    ),
    { type: 'ImageSource', reads: 'text' },
  );

const IMAGES = 'an image, or a list of at least one';
export const imageOrImages = () => {
  const schema: z.ZodType<ImageSource | ImageSource[], ImageSource | readonly ImageSource[]> = z.union(
    [z.array(image()).min(1, IMAGES), image()],
    IMAGES,
  );
  return kind(schema, { type: 'ImageSource | readonly ImageSource[]', reads: 'texts' });
};

const WEIGHTS = 'a list of numbers that are 0 or more and not all 0';
export const weights = () => {
  const schema: z.ZodType<number[], readonly number[]> = z
    .array(weight(), WEIGHTS)
    .refine((all) => all.some((w) => w > 0), WEIGHTS);
  const range = '0 or more, not all 0';
  return kind(schema, {
    type: 'readonly number[]',
    reads: 'numbers',
    range,
    written: '0 or more, as 3,1',
    value: 'list',
  });
};

const LAYERS = 'layer names, or an object of layers and weights, at least one';
export const layers = () => {
  const schema: z.ZodType<Record<string, number>, LayerWeights> = z
    .union([z.array(z.string('a layer name')), z.record(z.string(), weight())], LAYERS)
    .transform(
      (given): Record<string, number> =>
        Array.isArray(given) ? Object.fromEntries(given.map((name) => [name, 1])) : given,
    )
    .refine((given) => Object.keys(given).length > 0, LAYERS);
  return kind(schema, {
    type: 'LayerWeights',
    reads: 'layers',
    range: 'names, or names with weights',
    written: 'each NAME or NAME:WEIGHT',
    value: 'list',
  });
};

const NAMES = 'a list of different layer names, at least one';
export const layerNames = () => {
  const schema: z.ZodType<readonly string[], readonly string[]> = z
    .array(z.string('a layer name').min(1, 'a layer name'), NAMES)
    .min(1, NAMES)
    .refine((names) => new Set(names).size === names.length, NAMES);
  return kind(schema, { type: 'readonly string[]', reads: 'names', range: 'names', value: 'list' });
};

/** @param type F, for people */
export const callback = <F extends (...args: never[]) => unknown>(type: string) =>
  kind(
    z.custom<F>((v) => typeof v === 'function', 'a function'),
    { type },
  );

export const abortSignal = () =>
  kind(
    z.custom<AbortSignal>((v) => v instanceof AbortSignal, 'an AbortSignal'),
    { type: 'AbortSignal' },
  );
