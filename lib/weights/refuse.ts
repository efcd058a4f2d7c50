// How a weights file is refused: every message starts with the file, and whatever it quotes from the file is escaped
// and cut short, because a hostile file chooses those bytes.

import { inspect } from 'node:util';
import { WeightsError } from '../errors.js';

/** Throws the WeightsError that says what is wrong with `file`, and at which byte of it where that is known. */
export function refuse(
  file: string,
  problem: string,
  at: { offset?: number | undefined; cause?: unknown } = {},
): never {
  const place = at.offset === undefined ? '' : ` (at byte ${at.offset})`;
  throw new WeightsError(file, `${file}: ${problem}${place}`, at);
}

/** A value from a file, on one short line: strings in quotes, control characters escaped. */
export function quote(value: unknown): string {
  const text = inspect(value, {
    maxStringLength: 80,
    maxArrayLength: 8,
    depth: 1,
    compact: true,
    breakLength: Infinity,
  });
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
