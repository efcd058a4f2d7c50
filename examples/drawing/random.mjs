// Seeded randomness for the drawings: a small generator, hashes, and smooth gradient noise.

/** A generator of numbers in [0, 1), with a few helpers (the mulberry32 algorithm). */
export function makeRandom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  next.between = (low, high) => low + (high - low) * next();
  next.pick = (items) => items[Math.floor(next() * items.length)];
  /** Roughly normal, with mean 0 and deviation 1. */
  next.normal = () => (next() + next() + next() + next() - 2) * 1.732;
  return next;
}

/** A number in [0, 1) that depends on two integers only. */
export function hash2(x, y) {
  let h = Math.imul(x | 0, 0x27d4eb2d) ^ Math.imul(y | 0, 0x165667b1);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return ((h ^ (h >>> 15)) >>> 0) / 4294967296;
}

const GRADIENTS = 256;
const gradientX = new Float32Array(GRADIENTS);
const gradientY = new Float32Array(GRADIENTS);
const shuffle = new Uint8Array(512);
{
  const random = makeRandom(7);
  for (let i = 0; i < GRADIENTS; i++) {
    const angle = random() * Math.PI * 2;
    gradientX[i] = Math.cos(angle);
    gradientY[i] = Math.sin(angle);
    shuffle[i] = i;
  }
  for (let i = GRADIENTS - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [shuffle[i], shuffle[j]] = [shuffle[j], shuffle[i]];
  }
  shuffle.copyWithin(256, 0, 256);
}

/** Smooth noise in about [-1, 1]. */
export function noise(x, y) {
  const floorX = Math.floor(x);
  const floorY = Math.floor(y);
  const fx = x - floorX;
  const fy = y - floorY;
  const ix = floorX & 255;
  const iy = floorY & 255;
  const a = shuffle[shuffle[ix] + iy];
  const b = shuffle[shuffle[ix + 1] + iy];
  const c = shuffle[shuffle[ix] + iy + 1];
  const d = shuffle[shuffle[ix + 1] + iy + 1];
  const sx = fx * fx * fx * (fx * (fx * 6 - 15) + 10);
  const sy = fy * fy * fy * (fy * (fy * 6 - 15) + 10);
  const top = gradientX[a] * fx + gradientY[a] * fy;
  const topRight = gradientX[b] * (fx - 1) + gradientY[b] * fy;
  const low = gradientX[c] * fx + gradientY[c] * (fy - 1);
  const lowRight = gradientX[d] * (fx - 1) + gradientY[d] * (fy - 1);
  const upper = top + (topRight - top) * sx;
  const lower = low + (lowRight - low) * sx;
  return (upper + (lower - upper) * sy) * 1.4;
}

/** Fractal noise: octaves of noise, each twice as fine and half as strong. */
export function fractal(x, y, octaves) {
  let sum = 0;
  let weight = 0.5;
  for (let i = 0; i < octaves; i++) {
    sum += weight * noise(x, y);
    x = x * 2.03 + 17.3;
    y = y * 2.03 - 9.1;
    weight *= 0.5;
  }
  return sum;
}

export const mix = (a, b, t) => a + (b - a) * t;
export const clamp = (x, low = 0, high = 1) => Math.min(Math.max(x, low), high);
export function smoothstep(low, high, x) {
  const t = clamp((x - low) / (high - low));
  return t * t * (3 - 2 * t);
}
