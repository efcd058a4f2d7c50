// The damaged files of a format, each made of its number and the run's seed alone, so that any can be made again.

import { seeded } from '../support/safetensors.js';
import type { FuzzSeed } from './formats.js';
import { mutate } from './mutate.js';

export interface FuzzCase {
  bytes: Uint8Array;
  beside: Record<string, Uint8Array>;
}

/** The first cases are the sound files themselves. */
export function fuzzCase(seeds: FuzzSeed[], seed: number, index: number): FuzzCase {
  const random = seeded(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index, 0x85ebca6b));
  const { bytes, wrap, beside = {} } = seeds[index % seeds.length]!;
  const other = seeds[Math.floor(random() * seeds.length)]!;
  const damaged = index < seeds.length ? bytes : mutate(bytes, other.bytes, random);
  return { bytes: wrap ? wrap(damaged) : damaged, beside };
}
