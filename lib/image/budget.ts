// How large an image becomes in memory. A photograph of 100 megapixels is 1.2 GB as floats; where a picture of 512 pixels is
// wanted, nobody sees the difference if it is made smaller while it is decoded.

import { type Size, sizeAt } from '../run/scales.js';
import type { Header } from './types.js';

/** Images of more pixels are made smaller while they are decoded; up to here the floats are 200 MB, and exact. */
const LARGE = 2 ** 24;

/** How many times the largest size wanted they keep, so that the resampling that follows still decides how it looks. */
const MARGIN = 2;

/** The size to decode an image to of which no size but `sizes` is wanted; nothing if it should be its own. */
export function decodedSize(header: Header, sizes: readonly Size[]): Size | undefined {
  const { width, height, format, depth } = header;
  if (width * height <= LARGE || format === 'bmp' || format === 'raw' || depth === 32) return undefined;
  const side = MARGIN * Math.max(...sizes.flatMap((size) => [size.width, size.height]));
  return side < Math.max(width, height) ? sizeAt(header, side) : undefined;
}
