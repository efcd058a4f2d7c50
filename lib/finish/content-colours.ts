// The content's colours with the edges of the picture: five passes of a mean of 3 x 3 neighbours, each weighing by how near
// its lightness in the picture is, exp(-10 |difference|) (Kolkin et al. 2022, "Neural Neighbor Style Transfer").

import type { Raster } from '../image/types.js';
import { type Lab, labAt } from './oklab.js';

const PASSES = 5;
const NEARNESS = 10;

/** exp(-NEARNESS x) for x from 0 to 1: differences of lightness are no larger. */
const STEPS = 1024;
const WEIGHTS = Float32Array.from({ length: STEPS + 1 }, (_, i) => Math.exp((-NEARNESS * i) / STEPS));

/** a and b of every pixel of the content, smoothed along the picture, which has its size. */
export function contentColours(content: Raster, picture: Raster): Float32Array {
  const { width, height } = picture;
  const lab: Lab = [0, 0, 0];
  const lightness = new Float32Array(width * height);
  let colours = new Float32Array(2 * width * height);
  for (let i = 0; i < lightness.length; i++) {
    labAt(picture.data, 3 * i, lab);
    lightness[i] = lab[0];
    labAt(content.data, 3 * i, lab);
    colours[2 * i] = lab[1];
    colours[2 * i + 1] = lab[2];
  }
  let smoothed = new Float32Array(colours.length);
  for (let pass = 0; pass < PASSES; pass++) {
    smooth(colours, lightness, width, height, smoothed);
    [colours, smoothed] = [smoothed, colours];
  }
  return colours;
}

function smooth(
  colours: Float32Array,
  lightness: Float32Array,
  width: number,
  height: number,
  out: Float32Array,
): void {
  for (let y = 0; y < height; y++) {
    const [top, bottom] = [Math.max(y - 1, 0), Math.min(y + 1, height - 1)];
    for (let x = 0; x < width; x++) {
      const [left, right] = [Math.max(x - 1, 0), Math.min(x + 1, width - 1)];
      const i = y * width + x;
      const own = lightness[i]!;
      let [sum, a, b] = [0, 0, 0];
      for (let row = top; row <= bottom; row++) {
        for (let j = row * width + left; j <= row * width + right; j++) {
          const weight = WEIGHTS[Math.round(Math.abs(lightness[j]! - own) * STEPS)]!;
          sum += weight;
          a += weight * colours[2 * j]!;
          b += weight * colours[2 * j + 1]!;
        }
      }
      out[2 * i] = a / sum;
      out[2 * i + 1] = b / sum;
    }
  }
}
