// The API's errors name its options; whoever types a command knows them as flags.

import type { Option } from 'commander';
import { ImageError, MemoryError, OptionError } from '../errors.js';

/** The error's message with options as flags: `tvWeight must be …` becomes `--tv-weight must be …`. */
export function flagged(error: unknown, options: readonly Option[]): string {
  const message = error instanceof Error ? error.message : String(error);
  // The first of two that set the same: a refusal comes behind.
  const flags = new Map([...options].reverse().map((option) => [option.attributeName(), option.long!]));
  // A name of two words can only be an option. One word may be plain English, unless it is where the error points to.
  const sure = [...flags.keys()].filter((name) => /[A-Z]/.test(name));
  if (error instanceof OptionError || error instanceof ImageError) {
    if (flags.has(error.option)) sure.push(`^${error.option}`);
  }
  if (error instanceof ImageError || error instanceof MemoryError) sure.push('size(?= is \\d| \\d)');
  const quotedOrName = new RegExp(`"[^"]*"|(?:${sure.join('|')})\\b`, 'g');
  return message.replace(quotedOrName, (found) => flags.get(found) ?? found);
}
