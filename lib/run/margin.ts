// The margin of a style image that is left out: a frame or an unpainted rim would else be painted too, along the edges
// of every picture, as features near an edge resemble each other most.

import type { Raster } from '../image/types.js';
import type { Size } from './scales.js';

export const trimmed = {
  /** What `image` makes of an image of this size; each side keeps a pixel at least for a margin below a half. */
  size({ width, height }: Size, margin: number): Size {
    return { width: width - 2 * cut(width, margin), height: height - 2 * cut(height, margin) };
  },

  /** The image without the share `margin` of its width and height at each edge; itself if that is nothing. */
  image(image: Raster, margin: number): Raster {
    const { width, height } = trimmed.size(image, margin);
    if (width === image.width && height === image.height) return image;
    const [left, top] = [cut(image.width, margin), cut(image.height, margin)];
    const inner = (from: Float32Array, channels: number) => {
      const to = new Float32Array(width * height * channels);
      for (let y = 0; y < height; y++) {
        const at = ((y + top) * image.width + left) * channels;
        to.set(from.subarray(at, at + width * channels), y * width * channels);
      }
      return to;
    };
    const { data, alpha } = image;
    return { data: inner(data, 3), width, height, ...(alpha && { alpha: inner(alpha, 1) }) };
  },
};

/** Pixels at an edge, of a side. */
function cut(side: number, margin: number): number {
  return Math.min(Math.round(side * margin), Math.floor((side - 1) / 2));
}
