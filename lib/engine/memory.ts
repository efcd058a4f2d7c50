// Whether a plan fits, asked before anything is allocated.

import { freemem } from 'node:os';
import { MemoryError } from '../errors.js';

/** Bytes that this process may still take, by the system's account and any limit on its group. */
export function availableMemory(): number {
  const { availableMemory } = process as { availableMemory?: () => number };
  return availableMemory ? availableMemory.call(process) : freemem();
}

/**
 * @param size the long side asked for
 * @param least the smallest long side there can be
 * @param memory the bytes `available`, and what to call what they are `of`
 * @param required bytes for a long side from `least` to `size`, growing with it
 * @throws MemoryError with the numbers and the largest size that fits, 0 if none does
 */
export function checkMemory(
  size: number,
  least: number,
  { available, of }: { available: number; of: string },
  required: (size: number) => number,
): void {
  const needed = required(size);
  if (needed <= available) return;
  let below = least; // every size below this one fits, or is too small
  let fails = size;
  while (below < fails) {
    const middle = Math.floor((below + fails) / 2);
    if (required(middle) <= available) below = middle + 1;
    else fails = middle;
  }
  const fits = below > least ? below - 1 : 0;
  const advice = fits > 0 ? `size ${fits} would fit` : 'no size would fit';
  throw new MemoryError(
    `size ${size} needs ${megabytes(needed)} of ${of} and ${megabytes(available)} are free; ${advice}`,
    needed,
    available,
    fits,
  );
}

export const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
