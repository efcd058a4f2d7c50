// Resizing happens in the engine, threaded and on floats, so that images and the pyramid's pictures go the same way.

import { addon, cpuBackend, type EngineBackend } from '../engine/addon.js';
import type { Size } from '../run/scales.js';
import type { Raster } from './types.js';

/**
 * Lanczos to `size`, its overshoots cut off at 0..255 (alpha at 0..1); an image that already has that size comes back
 * as it is, not a bit changed. `backend`: where, by default on the CPU.
 */
export async function resize(
  image: Raster,
  { width, height }: Size,
  threads: number,
  backend?: EngineBackend,
): Promise<Raster> {
  if (image.width === width && image.height === height) return image;
  const on = backend ?? (await cpuBackend());
  const plane = (data: Float32Array, channels: number, high: number) => {
    const from = { data, width: image.width, height: image.height, channels };
    return addon().resample(on, from, width, height, high, threads);
  };
  const data = await plane(image.data, 3, 255);
  if (!image.alpha) return { data, width, height };
  return { data, width, height, alpha: await plane(image.alpha, 1, 1) };
}
