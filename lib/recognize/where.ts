// Where a network looks, in pixels: its heat has a number for every 16 × 16 of them.

import type { Size } from '../run/scales.js';

/** A rectangle, in pixels. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** A number for each of width × height cells. */
export interface Heat extends Size {
  data: Float32Array;
}

/** What counts as looked at, in units of the largest heat: as in the Grad-CAM paper, section 4.1. */
const THRESHOLD = 0.15;

/** Scaled so that the largest is 1; all zeros stay. */
export function scaled({ data, width, height }: Heat): Heat {
  const largest = data.reduce((most, value) => Math.max(most, value), 0);
  return { data: largest > 0 ? data.map((value) => value / largest) : data, width, height };
}

/**
 * The heat of every pixel, bilinear between the cells' middles.
 *
 * @param cell pixels that a cell stands for, across and down, from the upper left corner on
 */
export function spread(heat: Heat, { width, height }: Size, cell: Size): Float32Array {
  const across = Array.from({ length: width }, (_, x) => between((x + 0.5) / cell.width - 0.5, heat.width));
  const pixels = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = between((y + 0.5) / cell.height - 0.5, heat.height);
    const upper = row.low * heat.width;
    const lower = row.high * heat.width;
    for (let x = 0; x < width; x++) {
      const { low, high, part } = across[x]!;
      const above = heat.data[upper + low]! * (1 - part) + heat.data[upper + high]! * part;
      const below = heat.data[lower + low]! * (1 - part) + heat.data[lower + high]! * part;
      pixels[y * width + x] = above * (1 - row.part) + below * row.part;
    }
  }
  return pixels;
}

/** The cells around a place, and how far it is from the one to the other. Beyond the outermost it is as there. */
function between(place: number, cells: number): { low: number; high: number; part: number } {
  const held = Math.min(Math.max(place, 0), cells - 1);
  const low = Math.floor(held);
  return { low, high: Math.min(low + 1, cells - 1), part: held - low };
}

/** The box around the largest region that is looked at, of pixels that share a side; nothing if none is. */
export function boxOf(pixels: Float32Array, { width, height }: Size): Box | null {
  const least = THRESHOLD * pixels.reduce((most, value) => Math.max(most, value), 0);
  if (!(least > 0)) return null;
  const seen = new Uint8Array(pixels.length);
  let largest = 0;
  let box: Box | null = null;
  const waiting: number[] = [];
  const visit = (at: number) => {
    if (seen[at] || pixels[at]! < least) return;
    seen[at] = 1;
    waiting.push(at);
  };
  for (let start = 0; start < pixels.length; start++) {
    visit(start);
    let count = 0;
    let [left, top, right, bottom] = [width, height, 0, 0];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      const [x, y] = [at % width, Math.floor(at / width)];
      count++;
      [left, right] = [Math.min(left, x), Math.max(right, x)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
      if (x > 0) visit(at - 1);
      if (x + 1 < width) visit(at + 1);
      if (y > 0) visit(at - width);
      if (y + 1 < height) visit(at + width);
    }
    if (count <= largest) continue;
    largest = count;
    box = { left, top, width: right - left + 1, height: bottom - top + 1 };
  }
  return box;
}

/** A box of what was looked at, `seen` pixels large, as whole pixels of the picture that this was the part `view` of. */
export function inPicture(box: Box, seen: Size, view: Box): Box {
  const [across, down] = [view.width / seen.width, view.height / seen.height];
  const left = Math.round(view.left + box.left * across);
  const top = Math.round(view.top + box.top * down);
  const right = Math.round(view.left + (box.left + box.width) * across);
  const bottom = Math.round(view.top + (box.top + box.height) * down);
  return { left, top, width: Math.max(1, right - left), height: Math.max(1, bottom - top) };
}
