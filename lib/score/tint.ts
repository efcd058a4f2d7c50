// A picture that is bolder or paler than the painting has other features everywhere, squared in a Gram matrix, however well
// its strokes are drawn. How strong its colours are has measures of its own; so style is looked at with that taken away.

import type { Raster } from '../image/types.js';

/** A channel that varies less, of 0..255, is flat: it is moved, not stretched. */
const FLAT = 0.5;

/** Gives images the style's colours: each channel's mean and standard deviation are made the style's. */
export function tinter(style: Raster): (image: Raster) => Raster {
  const wanted = channelsOf(style);
  return (image) => {
    const found = channelsOf(image);
    const data = new Float32Array(image.data.length);
    for (let c = 0; c < 3; c++) {
      const { mean, deviation } = found[c]!;
      const to = wanted[c]!;
      const factor = deviation < FLAT ? 1 : to.deviation / deviation;
      for (let i = c; i < data.length; i += 3) data[i] = (image.data[i]! - mean) * factor + to.mean;
    }
    return { data, width: image.width, height: image.height };
  };
}

function channelsOf({ data }: Raster): { mean: number; deviation: number }[] {
  const pixels = data.length / 3;
  return [0, 1, 2].map((c) => {
    let sum = 0;
    for (let i = c; i < data.length; i += 3) sum += data[i]!;
    const mean = sum / pixels;
    let square = 0;
    for (let i = c; i < data.length; i += 3) square += (data[i]! - mean) ** 2;
    return { mean, deviation: Math.sqrt(square / pixels) };
  });
}
