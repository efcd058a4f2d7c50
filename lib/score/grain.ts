// What the flat areas of a picture are like up close, by the mean power spectrum of their lightness: grain is power at the
// finest periods; a grid (or dots in rows) stands out of its surroundings in the spectrum as strokes and noise do not.

import { type Colours, lightnessAt } from './colour.js';

/** Side of a tile in pixels, and of its spectrum. */
const TILE = 32;

/** From tile to tile. */
const STEP = 16;

/** Pixels that are averaged to see whether a tile is flat. */
const CELL = 4;

/** Cycles a tile: of detail that is called fine, and of the coarsest grid (8 pixels a period). */
const FINE = TILE / 4;
const COARSEST = TILE / 8;

/** A frequency stands out if it has so many times the power of what is as fine as it is. Of textures none has. */
const STANDS_OUT = 4;

export interface Grain {
  /** Of detail with periods below 4 pixels: the root mean square, in lightness 0..1. */
  fine: number;
  /** Of what repeats evenly every 2 to 8 pixels. */
  grid: number;
}

/** Over the flattest third of tiles of 32 × 32 pixels: those whose means of 4 × 4 pixels vary least. */
export function grainOf(colours: Colours): Grain {
  const power = new Float64Array(TILE * TILE);
  const flat = flattest(colours);
  for (const corner of flat) addPower(colours, corner, power);
  for (let i = 0; i < power.length; i++) power[i]! /= flat.length;
  let [fine, grid] = [0, 0];
  for (const [rank, i] of BY_FREQUENCY.entries()) {
    if (FREQUENCIES[i]! >= FINE) fine += power[i]!;
    if (FREQUENCIES[i]! < COARSEST) continue;
    const usual = medianAround(power, rank);
    if (power[i]! > STANDS_OUT * usual) grid += power[i]! - usual;
  }
  return { fine: Math.sqrt(fine), grid: Math.sqrt(grid) };
}

/** The places in the picture of the corners of tiles. */
function flattest(colours: Colours): number[] {
  const { width, height } = colours;
  const tiles: { corner: number; variance: number }[] = [];
  for (let y = 0; y + TILE <= height; y += STEP) {
    for (let x = 0; x + TILE <= width; x += STEP) {
      const corner = y * width + x;
      let [sum, square] = [0, 0];
      for (let j = 0; j < TILE; j += CELL) {
        for (let i = 0; i < TILE; i += CELL) {
          let cell = 0;
          for (let k = 0; k < CELL ** 2; k++) {
            cell += lightnessAt(colours, corner + (j + Math.floor(k / CELL)) * width + i + (k % CELL));
          }
          sum += cell;
          square += cell * cell;
        }
      }
      const cells = (TILE / CELL) ** 2;
      tiles.push({ corner, variance: square / cells - (sum / cells) ** 2 });
    }
  }
  tiles.sort((a, b) => a.variance - b.variance || a.corner - b.corner);
  return tiles.slice(0, Math.ceil(tiles.length / 3)).map(({ corner }) => corner);
}

const WINDOW = Float64Array.from({ length: TILE }, (_, i) => Math.sin((Math.PI * (i + 0.5)) / TILE) ** 2);
const COS = Float64Array.from({ length: TILE }, (_, i) => Math.cos((2 * Math.PI * i) / TILE));
const SIN = Float64Array.from({ length: TILE }, (_, i) => Math.sin((2 * Math.PI * i) / TILE));

/** So that the powers of noise add up to its variance. */
const SCALE = 1 / (TILE ** 2 * WINDOW.reduce((sum, w) => sum + w * w, 0) ** 2);

/** Adds |X|² of a tile, less its mean, under a window. */
function addPower(colours: Colours, corner: number, power: Float64Array): void {
  const { width } = colours;
  const at = (x: number, y: number) => lightnessAt(colours, corner + y * width + x);
  let mean = 0;
  for (let y = 0; y < TILE; y++) for (let x = 0; x < TILE; x++) mean += at(x, y) / TILE ** 2;
  const [re, im] = [new Float64Array(TILE * TILE), new Float64Array(TILE * TILE)];
  for (let y = 0; y < TILE; y++) {
    for (let k = 0; k < TILE; k++) {
      let [a, b] = [0, 0];
      for (let x = 0; x < TILE; x++) {
        const value = (at(x, y) - mean) * WINDOW[x]!;
        a += value * COS[(k * x) % TILE]!;
        b -= value * SIN[(k * x) % TILE]!;
      }
      re[y * TILE + k] = a * WINDOW[y]!;
      im[y * TILE + k] = b * WINDOW[y]!;
    }
  }
  for (let l = 0; l < TILE; l++) {
    for (let k = 0; k < TILE; k++) {
      let [a, b] = [0, 0];
      for (let y = 0; y < TILE; y++) {
        const [c, s] = [COS[(l * y) % TILE]!, SIN[(l * y) % TILE]!];
        a += re[y * TILE + k]! * c + im[y * TILE + k]! * s;
        b += im[y * TILE + k]! * c - re[y * TILE + k]! * s;
      }
      power[l * TILE + k]! += (a * a + b * b) * SCALE;
    }
  }
}

/** Cycles a tile, whatever their direction. */
const FREQUENCIES = Float64Array.from({ length: TILE * TILE }, (_, i) => {
  const along = (k: number) => Math.min(k, TILE - k);
  return Math.hypot(along(i % TILE), along(Math.floor(i / TILE)));
});

/** Places in the spectrum, from coarse to fine. */
const BY_FREQUENCY = Uint16Array.from(FREQUENCIES.keys()).sort(
  (a, b) => FREQUENCIES[a]! - FREQUENCIES[b]! || a - b,
);

/** So many frequencies are about as fine as one in their middle: a grid's are few of them. */
const AROUND = 64;

function medianAround(power: Float64Array, rank: number): number {
  const first = Math.max(0, Math.min(rank - AROUND / 2, BY_FREQUENCY.length - AROUND));
  const near = Float64Array.from(BY_FREQUENCY.subarray(first, first + AROUND), (i) => power[i]!).sort();
  return near[AROUND / 2]!;
}
