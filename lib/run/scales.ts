// The sizes that a picture passes through, coarse to fine: steps of one factor that end exactly at the size asked for
// (√2 as in crowsonkb/style-transfer-pytorch). Large strokes settle cheaply at small scales.

export interface Size {
  width: number;
  height: number;
}

/** To the nearest whole number, halves to the even one, as Python rounds sizes: half a pixel decides over a row of features. */
export function nearest(x: number): number {
  const down = Math.floor(x);
  if (x - down !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
}

/** The size with its long side at `side` pixels, its aspect kept to the nearest pixel. */
export function sizeAt({ width, height }: Size, side: number): Size {
  const long = Math.max(width, height);
  const scaled = (n: number) => Math.max(1, nearest((n * side) / long));
  return { width: scaled(width), height: scaled(height) };
}

/**
 * Long sides, each once, ascending: size, size/factor, size/factor², … not below `minSize`, at most `scales` of them, and
 * always `size` itself.
 */
export function longSides(size: number, minSize: number, scales: number, factor: number): number[] {
  const sides = [size];
  for (let i = 1; sides.length < scales; i++) {
    const side = nearest(Number((size / factor ** i).toFixed(9))); // so that √2 twice is 2
    if (side < minSize) break;
    if (side !== sides[0]) sides.unshift(side); // the smallest steps round to the same
  }
  return sides;
}
