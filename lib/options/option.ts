// What an option is: a schema, which checks and types its value, and the words that the help, the documents and the
// editor have for it. Both stand together in the file of its topic; whatever else knows of options is derived from there.

import * as z from 'zod';
import type { LossTerm } from './terms.js';

/** What all values of a kind have in common: see kinds.ts. */
export interface Kind {
  /** The TypeScript type, as StylizeOptions has it. */
  type: string;
  /** What is allowed, if the type and the description do not say it: `1..64`. */
  range?: string;
  /** What a value must be, in messages, where other kinds are made of it. */
  what?: string;
  /** How the command reads it from text; what it cannot read has no flag. */
  reads?: 'number' | 'numbers' | 'byScale' | 'layers' | 'names' | 'text' | 'texts' | 'interval' | 'switch';
  /** What the help says of a flag instead of the range. */
  written?: string;
  /** Stands for the value in the help: `--size <pixels>`. */
  value?: string;
}

/** What is said of one option. */
export interface Facts {
  /** What it is, without capital and full stop, and without range and default, which are put behind it. */
  about: string;
  /** Sentences that only documents have room for. */
  more?: string;
  /** The default in words, where it is not one value for everybody. */
  byDefault?: string;
  /** Stands for the value in the help, if another word than its kind's is better. */
  value?: string;
  /** The command takes it as an argument, or says yes to it itself, unless a flag --no-… refuses. Else there is a flag. */
  command?: 'argument' | { refusal: string };
}

/** Options that belong together: a heading in the help and in the documents. Several files may share one. */
export interface Topic<Options extends z.core.$ZodShape = z.core.$ZodShape> {
  title: Title;
  options: Options;
  /** What its options add to the objective. */
  terms(values: z.output<z.ZodObject<Options>>): LossTerm[];
}

/** In the order of the help and the documents. */
export const TITLES = [
  'Preset',
  'Images',
  'Picture',
  'Losses',
  'Network',
  'Scales',
  'Optimizer',
  'Machine',
  'Checkpoints',
  'Callbacks',
] as const;

export type Title = (typeof TITLES)[number];

/** The values of a topic's options, checked and with their defaults. */
export type Values<T extends Topic> = z.output<z.ZodObject<T['options']>>;

export const kinds = z.registry<Kind>();
export const facts = z.registry<Facts>();

export function kind<S extends z.ZodType>(schema: S, is: Kind): S {
  kinds.add(schema as z.ZodType, is);
  return schema;
}

export function option<S extends z.ZodType>(schema: S, said: Facts): S {
  facts.add(schema as z.ZodType, said);
  return schema;
}

export function topic<S extends z.core.$ZodShape>(
  title: Title,
  options: S,
  terms: (values: z.output<z.ZodObject<S>>) => LossTerm[] = () => [],
): Topic<S> {
  return { title, options, terms };
}
