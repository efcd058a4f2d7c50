// Faults that people see at once and that no distance of features tells of: a dark border, a pale veil. (Grain and a grid:
// grain.ts.)

import { type Colours, chromaAt, lightnessAt } from './colour.js';

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
