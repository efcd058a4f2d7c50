// A picture with what a network looked at painted over it: dark where nothing speaks for the class, glowing where much
// does, and its box.

import type { Raster } from '../image/types.js';
import type { Box } from './where.js';

/** Colours of heat from 0 to 1, from dark to light, so that they are told apart in grey too (after matplotlib's inferno). */
const COLOURS = [
  [0, 0, 20],
  [87, 16, 110],
  [188, 55, 84],
  [249, 142, 9],
  [252, 255, 164],
] as const;

/** How much of the photograph stays where there is no heat, and how much the colours cover it where it is greatest. */
const DIMMED = 0.45;
const COVER = 0.6;

/**
 * Paints over `photograph`.
 *
 * @param heat of every pixel, 0..1
 * @param box in its pixels
 */
export function paintHeat(photograph: Raster, heat: Float32Array, box: Box | null): Raster {
  const { width, height } = photograph;
  const data = new Float32Array(photograph.data.length);
  for (let i = 0; i < heat.length; i++) {
    const hot = heat[i]!;
    const colour = colourOf(hot);
    const kept = (DIMMED + (1 - DIMMED) * hot) * (1 - COVER * hot);
    for (let k = 0; k < 3; k++)
      data[3 * i + k] = kept * photograph.data[3 * i + k]! + COVER * hot * colour[k]!;
  }
  const painted = { data, width, height };
  if (box) outline(painted, box);
  return painted;
}

function colourOf(heat: number): number[] {
  const place = Math.min(Math.max(heat, 0), 1) * (COLOURS.length - 1);
  const low = Math.min(Math.floor(place), COLOURS.length - 2);
  const part = place - low;
  return COLOURS[low]!.map((value, k) => value * (1 - part) + COLOURS[low + 1]![k]! * part);
}

/** A white line with a black one on either side, to be seen on anything. */
function outline({ data, width, height }: Raster, { left, top, width: across, height: down }: Box): void {
  const right = left + across - 1;
  const bottom = top + down - 1;
  for (const [inset, shade] of [
    [-1, 0],
    [2, 0],
    [0, 255],
    [1, 255],
  ] as const) {
    const [x0, y0, x1, y1] = [left + inset, top + inset, right - inset, bottom - inset];
    const dot = (x: number, y: number) => {
      if (x >= 0 && x < width && y >= 0 && y < height)
        data.fill(shade, 3 * (y * width + x), 3 * (y * width + x) + 3);
    };
    for (let x = x0; x <= x1; x++) {
      dot(x, y0);
      dot(x, y1);
    }
    for (let y = y0; y <= y1; y++) {
      dot(x0, y);
      dot(x1, y);
    }
  }
}
