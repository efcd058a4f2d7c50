// `--contact-sheet option=v1,v2,…`: which options vary, and how. Everything that can be wrong with it is said before any work.

import { basename } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { OptionError } from '../errors.js';
import type { Variation } from '../grid/vary.js';
import { type Description, descriptions } from '../options/describe.js';
import type { StylizeOptions } from '../options/options.js';
import { parseValue } from './stylize-flags.js';

/** @throws OptionError */
export function variationsOf(
  texts: readonly string[],
  given: StylizeOptions,
): readonly [Variation, Variation?] {
  const found = texts.map(variationOf);
  if (found.length > 2) throw refuse(texts[2]!, 'is given three times, and a sheet has two sides');
  if (found[1]?.option === found[0]!.option) throw refuse(texts[1]!, `varies ${found[0]!.label} twice`);
  for (const { option } of found) {
    const value = given[option as keyof StylizeOptions];
    if (value === undefined) continue;
    throw new OptionError(option, value, `${option} is what the contact sheet varies: drop one of the two`);
  }
  return found as [Variation, Variation?];
}

function variationOf(text: string): Variation {
  const [, name, list] = /^(?:--)?([\w-]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || list === undefined)
    throw refuse(text, 'must be an option with values, as tv-weight=0,1,10');
  const option = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const all = descriptions().filter(({ reads }) => reads);
  const description = all.find((one) => one.name === option);
  if (!description) throw refuse(text, `names ${name}, which is no option of a picture${meant(name, all)}`);
  // Where a value has commas itself, semicolons stand between values.
  const parts = list.split(list.includes(';') ? ';' : ',').map((part) => part.trim());
  return { option, label: kebab(description), values: parts.map((part) => readValue(description, part)) };
}

function readValue(description: Description, text: string): Variation['values'][number] {
  if (text === '') throw refuse(text, `has an empty value for ${kebab(description)}`);
  try {
    return { text: basename(text), value: parseValue(description, text) };
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw refuse(text, `has "${text}" for ${kebab(description)}. ${error.message}`);
  }
}

const kebab = ({ name }: Description) => name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);

/** Options that begin alike or have the word in them. */
function meant(name: string, all: readonly Description[]): string {
  const words = name.toLowerCase().split('-');
  const near = all.map(kebab).filter((one) => words.some((word) => word.length > 2 && one.includes(word)));
  return near.length > 0 ? `; there are ${near.join(', ')}` : ': see scumble --help';
}

function refuse(text: string, problem: string): OptionError {
  return new OptionError('contactSheet', text, `contactSheet ${problem}`);
}
