// Files that lost their last few bytes, with all of the picture there: viewers show them, decoders refuse them for want of
// an end. With the end put back the decoder tells whether the picture is whole.

import { crc32 } from 'node:zlib';
import { chunks, isPng } from './png.js';

const JPEG_END = Buffer.from('ffd9', 'hex');
const GIF_END = Buffer.from('003b', 'hex');

/** Bits that stand for pixels, in a picture that lacks some. */
const PADDINGS = [0x55, 0xaa, 0x33, 0xe7].map((byte) => Buffer.alloc(64, byte));

export function isJpeg(bytes: Buffer): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8;
}

/**
 * The file with what its format ends with; nothing where that is not what it lacks. Those that follow have something else
 * before the end: only a picture that is whole does not depend on that.
 */
export function withEnd(bytes: Buffer): Buffer[] {
  if (isJpeg(bytes)) {
    const data = bytes.at(-1) === 0xff ? bytes.subarray(0, -1) : bytes; // half of the end is there
    return [Buffer.alloc(0), ...PADDINGS].map((padding) => Buffer.concat([data, padding, JPEG_END]));
  }
  if (bytes.toString('latin1', 0, 4) === 'GIF8') return [Buffer.concat([bytes, GIF_END])];
  if (!isPng(bytes)) return [];
  for (const { start, end } of chunks(bytes)) {
    if (end > bytes.length || end + 4 <= bytes.length) continue;
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(crc32(bytes.subarray(start + 4, end)));
    return [Buffer.concat([bytes.subarray(0, end), checksum])];
  }
  return [];
}
