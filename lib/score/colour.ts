// Colours as they look: OKLab (Ottosson 2020), where distances, lightness and chroma are near to what the eye says.

import type { Raster } from '../image/types.js';
import { type Shadows, shadowsOf, slicedCost } from './sliced.js';

/** L 0..1, a and b about −0.4..0.4: three numbers a pixel. */
export interface Colours {
  lab: Float64Array;
  width: number;
  height: number;
}

/** From sRGB in 0..255; what is outside is cut off, as in a file. */
export function coloursOf({ data, width, height }: Raster): Colours {
  const lab = new Float64Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    const r = light(data[i]!);
    const g = light(data[i + 1]!);
    const b = light(data[i + 2]!);
    const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    lab[i] = 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
    lab[i + 1] = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
    lab[i + 2] = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
  }
  return { lab, width, height };
}

function light(value: number): number {
  const v = Math.min(255, Math.max(0, value)) / 255;
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
}

export const lightnessAt = ({ lab }: Colours, pixel: number) => lab[pixel * 3]!;

export const chromaAt = ({ lab }: Colours, pixel: number) =>
  Math.hypot(lab[pixel * 3 + 1]!, lab[pixel * 3 + 2]!);

const DIRECTIONS = 64;
const PIXELS = 16384;

export function paletteOf({ lab }: Colours): Shadows {
  return shadowsOf(lab, 3, DIRECTIONS, PIXELS);
}

/** Sliced Wasserstein-1 of colours, in units of OKLab. */
export function paletteDistance(a: Shadows, b: Shadows): number {
  return slicedCost(a, b, 1);
}

/** How strong a picture's colours are. */
export interface Strength {
  /** Standard deviation of lightness. */
  contrast: number;
  /** Mean chroma. */
  saturation: number;
  /** Standard deviation of chroma. */
  saturationSpread: number;
}

export function strengthOf(colours: Colours): Strength {
  const pixels = colours.width * colours.height;
  const spread = (value: (colours: Colours, pixel: number) => number) => {
    let sum = 0;
    for (let i = 0; i < pixels; i++) sum += value(colours, i);
    const mean = sum / pixels;
    let square = 0;
    for (let i = 0; i < pixels; i++) square += (value(colours, i) - mean) ** 2;
    return { mean, deviation: Math.sqrt(square / pixels) };
  };
  const chroma = spread(chromaAt);
  return {
    contrast: spread(lightnessAt).deviation,
    saturation: chroma.mean,
    saturationSpread: chroma.deviation,
  };
}
