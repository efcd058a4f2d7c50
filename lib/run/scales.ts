// The sizes that a picture passes through, coarse to fine: steps of one factor that end exactly at the size asked for
// (√2 as in crowsonkb/style-transfer-pytorch). Large strokes settle cheaply at small scales.

export interface Size {
  width: number;
  height: number;
}

/** The size with its long side at `side` pixels, its aspect kept to the nearest pixel. */
export function sizeAt({ width, height }: Size, side: number): Size {
  const long = Math.max(width, height);
  const scaled = (n: number) => Math.max(1, Math.round((n * side) / long));
  return { width: scaled(width), height: scaled(height) };
}

/** So that √2 twice is 2, whatever way its rounding goes. */
const HAIR = 1e-9;

/**
 * Long sides, each once, ascending: size, size/factor, size/factor², … not below `minSize`, at most `scales` of them, and
 * always `size` itself.
 */
export function longSides(size: number, minSize: number, scales: number, factor: number): number[] {
  const sides = [size];
  for (let i = 1; sides.length < scales; i++) {
    const side = Math.round(size / factor ** i + HAIR);
    if (side < minSize) break;
    if (side !== sides[0]) sides.unshift(side); // the smallest steps round to the same
  }
  return sides;
}
