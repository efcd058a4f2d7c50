// Faults that people see at once and that no distance of features tells of: grain, a grid, a dark border, a veil.

import { type Colours, chromaAt, lightnessAt } from './colour.js';

/** Of lightness: what a blur of 1 2 1 in both directions takes away, and what is left. One pixel is lost at each side. */
interface Detail {
  fine: Float64Array;
  smooth: Float64Array;
  width: number;
  height: number;
}

function detailOf(colours: Colours): Detail {
  const width = colours.width - 2;
  const height = colours.height - 2;
  const fine = new Float64Array(width * height);
  const smooth = new Float64Array(width * height);
  const at = (x: number, y: number) => lightnessAt(colours, y * colours.width + x);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let j = 0; j < 3; j++) {
        const row = at(x, y + j) + 2 * at(x + 1, y + j) + at(x + 2, y + j);
        sum += (j === 1 ? 2 : 1) * row;
      }
      smooth[y * width + x] = sum / 16;
      fine[y * width + x] = at(x + 1, y + 1) - sum / 16;
    }
  }
  return { fine, smooth, width, height };
}

/** Of tiles; a multiple of every period looked for. */
const TILE = 16;

/** The longest period looked for; 2 and 4 divide it. */
const PERIOD = 8;

/** What the fine detail of a picture is like where there is little else. */
export interface Grain {
  /** Its root mean square, in lightness 0..1. */
  strength: number;
  /** The part of it (as amplitudes, 0..1) that repeats every 2, 4 or 8 pixels at the same places. */
  grid: number;
}

/** Over the flattest third of tiles of 16 × 16 pixels: those whose smooth lightness varies least. */
export function grainOf(colours: Colours): Grain {
  const { fine, smooth, width, height } = detailOf(colours);
  const tiles: { corner: number; variance: number }[] = [];
  for (let y = 0; y + TILE <= height; y += TILE) {
    for (let x = 0; x + TILE <= width; x += TILE) {
      const corner = y * width + x;
      let [sum, square] = [0, 0];
      inTile(corner, width, (i) => {
        sum += smooth[i]!;
        square += smooth[i]! ** 2;
      });
      const mean = sum / TILE ** 2;
      tiles.push({ corner, variance: square / TILE ** 2 - mean ** 2 });
    }
  }
  tiles.sort((a, b) => a.variance - b.variance || a.corner - b.corner);
  const flat = tiles.slice(0, Math.ceil(tiles.length / 3));
  const folded = new Float64Array(PERIOD ** 2);
  let [count, square] = [0, 0];
  for (const { corner } of flat) {
    inTile(corner, width, (i, x, y) => {
      folded[(y % PERIOD) * PERIOD + (x % PERIOD)]! += fine[i]!;
      square += fine[i]! ** 2;
      count++;
    });
  }
  const variance = square / count;
  if (variance === 0) return { strength: 0, grid: 0 };
  // What does not repeat leaves its variance over the number of repetitions.
  const repetitions = count / folded.length;
  const repeated = folded.reduce((sum, value) => sum + (value / repetitions) ** 2, 0) / folded.length;
  const grid = Math.max(0, repeated - variance / repetitions);
  return { strength: Math.sqrt(variance), grid: Math.sqrt(grid / variance) };
}

function inTile(corner: number, width: number, see: (i: number, x: number, y: number) => void): void {
  for (let y = 0; y < TILE; y++) for (let x = 0; x < TILE; x++) see(corner + y * width + x, x, y);
}

const FRAME = 4;
const INSIDE = 3 * FRAME;

/** Lightness (0..1) of a frame of 4 pixels, less that of the 8 pixels inside it. */
export function frameOf(colours: Colours): number {
  const { width, height } = colours;
  let [frame, frames, inside, insides] = [0, 0, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const distance = Math.min(x, y, width - 1 - x, height - 1 - y);
      if (distance >= INSIDE) continue;
      const lightness = lightnessAt(colours, y * width + x);
      if (distance < FRAME) {
        frame += lightness;
        frames++;
      } else {
        inside += lightness;
        insides++;
      }
    }
  }
  return frame / frames - inside / insides;
}

/** Steps of lightness that colours are compared at. */
const STEPS = 20;

/** The mean chroma at each step of lightness; where there is none, that of the nearest step. */
export function chromaByLightness(colours: Colours): Float64Array {
  const sums = new Float64Array(STEPS);
  const counts = new Float64Array(STEPS);
  for (let i = 0; i < colours.width * colours.height; i++) {
    const step = stepOf(lightnessAt(colours, i));
    sums[step]! += chromaAt(colours, i);
    counts[step]!++;
  }
  return sums.map((_, step) => {
    let nearest = -1;
    for (let other = 0; other < STEPS; other++) {
      if (counts[other]! === 0) continue;
      if (nearest < 0 || Math.abs(other - step) < Math.abs(nearest - step)) nearest = other;
    }
    return sums[nearest]! / counts[nearest]!;
  });
}

const stepOf = (lightness: number) => Math.min(STEPS - 1, Math.max(0, Math.floor(lightness * STEPS)));

/** The pixels of the lightest tenth. */
export function lightestOf(colours: Colours): Uint32Array {
  const order = Uint32Array.from({ length: colours.width * colours.height }, (_, i) => i);
  order.sort((a, b) => lightnessAt(colours, b) - lightnessAt(colours, a) || a - b);
  return order.subarray(0, Math.ceil(order.length / 10));
}

/**
 * The chroma of some pixels over what the style has at like lightness: below 1 they are paler than the painting is.
 * Nothing where the style has no colours there.
 */
export function veilOf(colours: Colours, pixels: Uint32Array, style: Float64Array): number | null {
  let [own, expected] = [0, 0];
  for (const pixel of pixels) {
    own += chromaAt(colours, pixel);
    expected += style[stepOf(lightnessAt(colours, pixel))]!;
  }
  return expected > 1e-3 * pixels.length ? own / expected : null;
}
