// Whether a plan fits, asked before anything is allocated.

import { freemem } from 'node:os';
import { MemoryError } from './errors.js';

/** Bytes that this process may still take, by the system's account and any limit on its group. */
function availableMemory(): number {
  const { availableMemory } = process as { availableMemory?: () => number };
  return availableMemory ? availableMemory.call(process) : freemem();
}

/**
 * @param size the long side asked for
 * @param required bytes for a given long side, growing with it
 * @throws MemoryError with the numbers and the largest size that fits
 */
export function checkMemory(size: number, required: (size: number) => number): void {
  const available = availableMemory();
  const needed = required(size);
  if (needed <= available) return;
  let fits = 0;
  let fails = size;
  while (fails - fits > 1) {
    const middle = Math.floor((fits + fails) / 2);
    if (required(middle) <= available) fits = middle;
    else fails = middle;
  }
  const advice = fits > 0 ? `size ${fits} would fit` : 'no size would fit';
  throw new MemoryError(
    `size ${size} needs ${megabytes(needed)} of memory and ${megabytes(available)} are free; ${advice}`,
    needed,
    available,
    fits,
  );
}

const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
