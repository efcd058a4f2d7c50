// What is under fully transparent pixels nobody sees, but an engine without masks would: the colours there are replaced
// by those of the visible pixels around, ever smoother with distance. So the same picture gives the same numbers whatever
// a file hides, and its silhouette is no edge.

/** A picture of half the size, and so on: colours times coverage, and coverage, in four channels. */
interface Level {
  data: Float32Array;
  width: number;
  height: number;
}

/** Replaces the colours (three channels, in place) where `alpha` is 0. An image without any visible pixel becomes black. */
export function fillTransparent(
  data: Float32Array,
  alpha: Float32Array,
  width: number,
  height: number,
): void {
  if (!alpha.includes(0)) return;
  const levels: Level[] = [halved(width, height, (to, i) => weigh(data, alpha[i]!, i, to))];
  for (let level = levels[0]!; level.width > 1 || level.height > 1; level = levels[0]!) {
    levels.unshift(halved(level.width, level.height, (to, i) => add(level.data, i, to)));
  }
  for (const [i, level] of levels.entries()) {
    normalise(level, levels[i - 1]);
  }
  const colour = new Float32Array(4);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (alpha[i] !== 0) continue;
      between(levels.at(-1)!, x, y, colour);
      data.set(colour.subarray(0, 3), i * 3);
    }
  }
}

const SUM = new Float64Array(4);

function weigh(data: Float32Array, weight: number, i: number, to: Float64Array): void {
  if (weight === 0) return;
  for (let k = 0; k < 3; k++) to[k]! += data[i * 3 + k]! * weight;
  to[3]! += weight;
}

function add(data: Float32Array, i: number, to: Float64Array): void {
  for (let k = 0; k < 4; k++) to[k]! += data[i * 4 + k]!;
}

/** A quarter of the sums of two by two pixels. */
function halved(width: number, height: number, gather: (to: Float64Array, i: number) => void): Level {
  const [w, h] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const data = new Float32Array(w * h * 4);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      SUM.fill(0);
      for (let v = 2 * y; v < Math.min(2 * y + 2, height); v++) {
        for (let u = 2 * x; u < Math.min(2 * x + 2, width); u++) gather(SUM, v * width + u);
      }
      for (let k = 0; k < 4; k++) data[(y * w + x) * 4 + k] = SUM[k]! / 4;
    }
  }
  return { data, width: w, height: h };
}

/** Divides by the coverage; where there is none, the `coarser` level knows. */
function normalise({ data, width, height }: Level, coarser: Level | undefined): void {
  const colour = new Float32Array(4);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 4) {
      const weight = data[i + 3]!;
      if (weight > 0) for (let k = 0; k < 3; k++) data[i + k]! /= weight;
      else if (coarser) {
        between(coarser, x, y, colour);
        data.set(colour, i);
      }
    }
  }
}

/** The colour at a pixel of the next finer level, between the four nearest of this one. */
function between({ data, width, height }: Level, x: number, y: number, to: Float32Array): void {
  const column = (x - 0.5) / 2;
  const row = (y - 0.5) / 2;
  const [left, top] = [Math.max(Math.floor(column), 0), Math.max(Math.floor(row), 0)];
  const [right, bottom] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)];
  const [across, down] = [Math.max(column - left, 0), Math.max(row - top, 0)];
  for (let k = 0; k < 3; k++) {
    const at = (u: number, v: number) => data[(v * width + u) * 4 + k]!;
    const above = at(left, top) * (1 - across) + at(right, top) * across;
    const below = at(left, bottom) * (1 - across) + at(right, bottom) * across;
    to[k] = above * (1 - down) + below * down;
  }
}
