// How large an image becomes in memory. A photograph of 100 megapixels is 1.2 GB as floats; where a picture of 512 pixels is
// wanted, nobody sees the difference if it is made smaller while it is decoded.

import type { Metadata } from 'sharp';
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

/** Rows that a decoder which goes from top to bottom, and what follows it, have on their way. */
const ROWS = 1700;

/** Bytes a pixel of decoders that hold all of the picture, as measured. */
const HELD = { webp: 8, gif: 4.5, avif: 18 } as const;

/** What sharp holds while it decodes, beside the file and the result. */
export function decoderBytes({ format, width, height, channels, ...about }: Metadata): number {
  const pixels = width * height;
  const { isProgressive, chromaSubsampling, bitsPerSample = 8 } = about;
  if (format === 'jpeg') {
    if (!isProgressive) return 0;
    return pixels * 2 * (chromaSubsampling?.startsWith('4:2:0') ? 1.5 : channels); // its coefficients
  }
  const held = HELD[((format as string) === 'heif' ? 'avif' : format) as keyof typeof HELD];
  if (held) return held * pixels;
  const pixel = (channels * Math.max(bitsPerSample, 8)) / 8;
  return pixel * (isProgressive ? pixels : Math.min(ROWS, height) * width);
}

/** What else there is in a worker that decodes. */
const AROUND = 30e6;

/**
 * Bytes that reading an image takes at most, the images that come out included, when the largest size wanted has its long
 * side at `side`. Within about a tenth of what is seen.
 */
export function readingBytes(header: Header, side: number): number {
  const { format, hasAlpha, depth, bytes, decoder } = header;
  const wanted = sizeAt(header, side);
  const whole = decodedSize(header, [wanted]) ?? header;
  const pixels = whole.width * whole.height;
  const channels = hasAlpha ? 4 : 3;
  const own = format === 'raw';
  const samples = own ? bytes : (pixels * channels * depth) / 8;
  const file = own ? 0 : bytes;
  // Floats are divided by 255 or taken to a profile in arrays of their own.
  const decoding = file + decoder + (depth === 32 && !own ? 3 : 1) * samples;
  const floats = pixels * 4 * channels;
  const converting = samples + floats;
  // With alpha, colours times opacity are beside them, and what is divided of the result beside that.
  const beside = hasAlpha ? floats : 0;
  const rows = 4 * channels * wanted.width * whole.height;
  const result = 4 * channels * wanted.width * wanted.height;
  const resizing = floats + beside + result + Math.max(rows, hasAlpha ? result : 0);
  const same = wanted.width === whole.width && wanted.height === whole.height;
  return AROUND + Math.max(decoding, converting, same ? 0 : resizing);
}
