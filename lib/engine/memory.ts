// How much memory there is, and what a run sets aside of it before it allocates anything: in the account of the whole
// process, so that two runs cannot both count on what only one of them can have.

import { readFileSync } from 'node:fs';
import { MemoryError } from '../errors.js';
import { addon, type EngineReservation } from './addon.js';
import { memoryLeft } from './limits.js';

/** Bytes of a device that this process could take now, and those it has; what to call what they are `of`. */
export interface Memory {
  /** In the process's account. */
  account: string;
  of: string;
  available: number;
  taken: number;
}

/** The machine's memory, by the system's account and any limit on this process or its group. */
export function hostMemory(): Memory {
  return {
    account: 'host',
    of: 'memory',
    available: Math.max(0, Math.min(process.availableMemory(), addressSpaceLeft(), memoryLeft())),
    taken: process.memoryUsage.rss(),
  };
}

/** What `ulimit -v` leaves, where Linux says it. */
function addressSpaceLeft(): number {
  try {
    const limit = /^Max address space\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    if (limit === undefined) return Number.POSITIVE_INFINITY;
    const used = /^VmSize:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
    return Number(limit) - Number(used) * 1024;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Sets `bytes` aside. @returns nothing if they do not fit, and what was `left` */
export function reserve(
  { account, available, taken }: Memory,
  bytes: number,
): { reservation?: EngineReservation; left: number } {
  const most = Math.min(Math.ceil(bytes), Number.MAX_SAFE_INTEGER); // a size that cannot be needs any number
  return addon().Reservation.make(account, most, Math.floor(available), taken);
}

/**
 * Sets aside what a run needs.
 *
 * @param size the long side asked for
 * @param least the smallest long side there can be
 * @param required bytes for a long side from `least` to `size`, growing with it
 * @throws MemoryError with the numbers and the largest size that fits, 0 if none does
 */
export function reserveFor(
  size: number,
  least: number,
  memory: Memory,
  required: (size: number) => number,
): EngineReservation {
  const needed = required(size);
  const { reservation, left } = reserve(memory, needed);
  if (reservation) return reservation;
  const fits = largestFitting(least, size - 1, left, required);
  const advice = fits > 0 ? `size ${fits} would fit` : 'no size would fit';
  throw new MemoryError(
    `size ${size} needs ${megabytes(needed)} of ${memory.of} and ${megabytes(left)} are free; ${advice}`,
    needed,
    left,
    fits,
  );
}

/** The largest size from `least` to `most` that needs no more than is `free`, 0 if none does; `required` grows with it. */
export function largestFitting(
  least: number,
  most: number,
  free: number,
  required: (size: number) => number,
): number {
  let below = least; // every size below this one fits, or is too small
  let fails = most + 1;
  while (below < fails) {
    const middle = Math.floor((below + fails) / 2);
    if (required(middle) <= free) below = middle + 1;
    else fails = middle;
  }
  return below > least ? below - 1 : 0;
}

export const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
