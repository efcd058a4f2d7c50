// A style image that is too narrow for the network at some size, a frieze or a border, is laid side by side with its mirror
// images: its strokes keep their size, and no scale has to be left out for its sake.

import type { Raster } from '../image/types.js';
import type { Size } from './scales.js';

/** Times the shortest usable side, so that the network sees more than edges. */
const ROOM = 4;

/** The side to mirror up to; a side that is long enough stays. */
function extended(side: number, shortest: number): number {
  return side < shortest ? shortest * ROOM : side;
}

export const mirrored = {
  /** What `image` makes of an image of this size. */
  size({ width, height }: Size, shortest: number): Size {
    return { width: extended(width, shortest), height: extended(height, shortest) };
  },

  /** The image itself if both sides have `shortest` pixels, else one that has. */
  image(image: Raster, shortest: number): Raster {
    const { width, height } = mirrored.size(image, shortest);
    if (width === image.width && height === image.height) return image;
    const plane = (from: Float32Array, channels: number) => {
      const to = new Float32Array(width * height * channels);
      for (let y = 0; y < height; y++) {
        const row = reflect(y, image.height) * image.width;
        for (let x = 0; x < width; x++) {
          const at = (row + reflect(x, image.width)) * channels;
          to.set(from.subarray(at, at + channels), (y * width + x) * channels);
        }
      }
      return to;
    };
    const { data, alpha } = image;
    return { data: plane(data, 3), width, height, ...(alpha && { alpha: plane(alpha, 1) }) };
  },
};

/** 0 1 2 2 1 0 0 1 2 …, the edge twice. */
function reflect(i: number, size: number): number {
  const k = i % (2 * size);
  return k < size ? k : 2 * size - 1 - k;
}
