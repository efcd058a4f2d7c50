// Resizing happens in the engine, threaded and on floats, so that images and the pyramid's pictures go the same way.

import { addon, cpuBackend, type EngineBackend } from '../engine/addon.js';
import type { Filter } from '../options/topics/resizing.js';
import type { Size } from '../run/scales.js';
import { fillTransparent } from './fill.js';
import { inSlices } from './slices.js';
import type { Raster } from './types.js';

/** Opacity below half a step of 8 bits is none: a colour divided by so little would be noise. */
const LEAST = 0.5 / 255;

/** How to resize, and where: by default on the CPU. */
export interface Resizing {
  /** Default: lanczos. */
  filter?: Filter;
  threads: number;
  backend?: EngineBackend;
  /** Whether colours are rounded to whole numbers, after each direction. Default false. */
  wholeSteps?: boolean;
}

/**
 * Resizes to `size`, overshoots cut off at 0..255 (alpha at 0..1); an image that already has that size comes back as it is,
 * not a bit changed. Colours count by their opacity, so that what is transparent leaves no fringe.
 */
export async function resize(image: Raster, { width, height }: Size, how: Resizing): Promise<Raster> {
  if (image.width === width && image.height === height) return image;
  if (how.wholeSteps) return inWholeSteps(image, { width, height }, how);
  const { filter = 'lanczos', threads, backend } = how;
  const on = backend ?? (await cpuBackend());
  const resample = (data: Float32Array, channels: number, high: number) => {
    const from = { data, width: image.width, height: image.height, channels };
    return addon().resample(on, from, width, height, { filter, range: [0, high] }, threads);
  };
  if (!image.alpha) return { data: await resample(image.data, 3, 255), width, height };
  // Overshoots of colour and opacity belong together until they are divided.
  const four = await resample(await multiply(image.data, image.alpha), 4, 2 * 255);
  const { data, alpha } = await divide(four);
  fillTransparent(data, alpha, width, height);
  return { data, width, height, alpha };
}

/** Across and then down, as Pillow does it. */
async function inWholeSteps(image: Raster, { width, height }: Size, how: Resizing): Promise<Raster> {
  let made = image;
  for (const size of [
    { width, height: image.height },
    { width, height },
  ]) {
    const resized = await resize(made, size, { ...how, wholeSteps: false });
    if (resized !== made) {
      const { data } = resized;
      await inSlices(data.length, (start, end) => {
        for (let i = start; i < end; i++) data[i] = Math.round(data[i]!);
      });
    }
    made = resized;
  }
  return made;
}

/** Four channels: colours times opacity, and opacity in 0..255 like them. */
async function multiply(data: Float32Array, alpha: Float32Array): Promise<Float32Array> {
  const four = new Float32Array(alpha.length * 4);
  await inSlices(alpha.length, (start, end) => {
    for (let i = start; i < end; i++) {
      const opacity = alpha[i]!;
      for (let k = 0; k < 3; k++) four[i * 4 + k] = data[i * 3 + k]! * opacity;
      four[i * 4 + 3] = opacity * 255;
    }
  });
  return four;
}

async function divide(four: Float32Array): Promise<{ data: Float32Array; alpha: Float32Array }> {
  const alpha = new Float32Array(four.length / 4);
  const data = new Float32Array(alpha.length * 3);
  await inSlices(alpha.length, (start, end) => {
    for (let i = start; i < end; i++) {
      const opacity = four[i * 4 + 3]! / 255;
      if (opacity < LEAST) continue;
      alpha[i] = Math.min(opacity, 1);
      for (let k = 0; k < 3; k++) data[i * 3 + k] = Math.min(four[i * 4 + k]! / opacity, 255);
    }
  });
  return { data, alpha };
}
