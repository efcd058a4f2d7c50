// Options in words: what the help, the documents and the editor are made of.

import * as z from 'zod';
import { type Facts, facts, type Kind, kinds } from './option.js';
import { TOPICS } from './topics.js';

/** One option, as it is said. */
export interface Description extends Kind, Facts {
  /** As in the API. */
  name: string;
  title: string;
  required: boolean;
  /** The default as text: a plain value as a flag has it, or else in words. */
  default?: string;
}

/** Every option, in the order of its topics. */
export function descriptions(): Description[] {
  return TOPICS.flatMap(({ title, options }) =>
    Object.entries<z.ZodType>(options).map(([name, schema]) => {
      const said = facts.get(schema)!;
      const preset = said.byDefault ?? (schema instanceof z.ZodDefault && plain(schema.def.defaultValue));
      return {
        ...kinds.get(bare(schema)),
        ...said,
        name,
        title,
        required: !schema.isOptional(),
        ...(preset && { default: preset }),
      } as Description;
    }),
  );
}

/** What it is, and which values it takes: the range, or what else is `allowed`. */
export function whatItIs({ about, reads, range }: Description, allowed = range): string {
  if (!allowed) return about;
  return reads?.startsWith('number') || reads === 'byScale' ? `${about}, ${allowed}` : `${about}: ${allowed}`;
}

/** The flag of an option, or of the refusal of one: `--min-size`, `--no-download`. */
export function flagOf({ name, reads, command }: Description): string | undefined {
  const kebab = name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
  if (reads === undefined || command === 'argument') return undefined;
  return command ? `--no-${kebab}` : `--${kebab}`;
}

/** The schema without default and optionality. */
function bare(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional)
    return bare(schema.unwrap() as z.ZodType);
  return schema;
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.join(',');
  if (typeof value !== 'object' || value === null) return String(value);
  const layers = Object.entries(value);
  return layers.map(([name, weight]) => (weight === 1 ? name : `${name}:${weight}`)).join(',');
}
