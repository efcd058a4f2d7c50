// A picture's luminance with another's colours: the YUV of jcjohnson/neural-style's -original_colors.

import { inSlices } from './slices.js';

/**
 * The colours of `colours` with the Y of `picture`, held to 0..255 first. Both are interleaved RGB of one size, 0..255; the
 * result may leave that range. Y = .299 R + .587 G + .114 B, U = -.14713 R - .28886 G + .436 B,
 * V = .615 R - .51499 G - .10001 B; R = Y + 1.13983 V, G = Y - .39465 U - .58060 V, B = Y + 2.03211 U.
 */
export async function withColoursOf(colours: Float32Array, picture: Float32Array): Promise<Float32Array> {
  const result = new Float32Array(picture.length);
  const held = (value: number) => Math.min(Math.max(value, 0), 255);
  await inSlices(picture.length / 3, (start, end) => {
    for (let i = 3 * start; i < 3 * end; i += 3) {
      const y = 0.299 * held(picture[i]!) + 0.587 * held(picture[i + 1]!) + 0.114 * held(picture[i + 2]!);
      const [r, g, b] = [colours[i]!, colours[i + 1]!, colours[i + 2]!];
      const u = -0.14713 * r - 0.28886 * g + 0.436 * b;
      const v = 0.615 * r - 0.51499 * g - 0.10001 * b;
      result[i] = y + 1.13983 * v;
      result[i + 1] = y - 0.39465 * u - 0.5806 * v;
      result[i + 2] = y + 2.03211 * u;
    }
  });
  return result;
}
