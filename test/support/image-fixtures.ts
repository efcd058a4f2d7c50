// Pixels and folders that the image tests share.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import sharp from 'sharp';
import type { Raster } from '../../dist/image/types.js';

export const LIMIT = 1_000_000;

/** A folder that is removed when the test ends. */
export async function folder(t: ExecutionContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'scumble-image-'));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Every value of a `bits`-bit channel is equally likely; the same numbers on every run. */
export function noise(length: number, bits: 8 | 16, seed = 1): Uint8Array | Uint16Array {
  const values = bits === 8 ? new Uint8Array(length) : new Uint16Array(length);
  let state = seed;
  return values.map(() => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> (32 - bits);
  });
}

/** Smooth colours, which lossy formats keep nearly. */
export function gradient(width: number, height: number): Raster {
  const data = new Float32Array(width * height * 3);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3) {
      data.set([(x / width) * 255, (y / height) * 255, 128], i);
    }
  }
  return { data, width, height };
}

export function encoded(
  pixels: Uint8Array | Uint16Array,
  width: number,
  height: number,
  channels: 1 | 2 | 3 | 4,
) {
  return sharp(pixels, { raw: { width, height, channels } });
}

/** The largest difference between two arrays of one length. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
}

/** 16-bit numbers as the engine's floats. */
export function floats(values: Uint16Array): Float32Array {
  return Float32Array.from(values, (value) => (value / 65535) * 255);
}
