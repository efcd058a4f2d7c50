// How a weights file is refused: every message starts with the file, and whatever it quotes from the file is escaped
// and cut short, because a hostile file chooses those bytes.

import { inspect } from 'node:util';
import { WeightsError } from '../errors.js';

const MAX_TEXT = 80;

/** Throws the WeightsError that says what is wrong with `file`, and at which byte of it where that is known. */
export function refuse(
  file: string,
  problem: string,
  at: { offset?: number | undefined; cause?: unknown } = {},
): never {
  const place = at.offset === undefined ? '' : ` (at byte ${at.offset})`;
  throw new WeightsError(file, `${file}: ${problem}${place}`, at);
}

/** A value from a file, on one short line: strings in quotes, control characters escaped, of a list the first items. */
export function quote(value: unknown): string {
  return Array.isArray(value) ? `[${list(value, quoteOne)}]` : quoteOne(value);
}

function quoteOne(value: unknown): string {
  if (typeof value === 'string') {
    const cut = value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value;
    return inspect(cut, { breakLength: Infinity });
  }
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value).slice(0, MAX_TEXT);
}

/** `1, 2, 3 and 9 more`: the first `most`, as `show` has each. */
export function list<T>(items: readonly T[], show: (item: T) => string = String, most = 8): string {
  const rest = items.length - most;
  const shown = items.slice(0, most).map(show).join(', ');
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}
