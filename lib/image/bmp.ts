// BMP, which sharp does not read; the decoders that npm has give wrong pixels for many of its kinds. Every index is
// checked against the file, and memory is taken only for the picture that the header tells, once that was approved.

import { JobError } from './job.js';
import type { RawImage } from './types.js';

const RGB = 0;
const RLE8 = 1;
const RLE4 = 2;
const BIT_FIELDS = 3;
const ALPHA_BIT_FIELDS = 6;

/** The header that OS/2 wrote is short, with sizes and palette entries of fewer bytes; the others only grow at the end. */
const CORE = 12;
const INFO = 40;

interface BmpHeader {
  width: number;
  height: number;
  hasAlpha: boolean;
  topDown: boolean;
  bits: number;
  compression: number;
  /** Red, green, blue and alpha, of 16 and 32 bits. */
  masks: number[];
  /** Red, green, blue one after the other. */
  palette: Uint8Array;
  /** Where the pixels are. */
  start: number;
}

export function isBmp(bytes: Buffer): boolean {
  if (bytes.length < 26 || bytes.toString('latin1', 0, 2) !== 'BM') return false;
  const size = bytes.readUInt32LE(14);
  return size === CORE || (size >= INFO && size <= 256);
}

const refuse = (reason: string) => new JobError('ERR_IMAGE', `cannot be decoded: ${reason}`);

export function bmpHeader(bytes: Buffer): BmpHeader {
  const size = bytes.readUInt32LE(14);
  if (bytes.length < 14 + size) throw refuse('the BMP is cut short in its header');
  const core = size === CORE;
  const height = core ? bytes.readUInt16LE(20) : bytes.readInt32LE(22);
  const bits = bytes.readUInt16LE(core ? 24 : 28);
  const compression = core ? RGB : bytes.readUInt32LE(30);
  const kinds: Record<number, number[]> = {
    [RGB]: [1, 4, 8, 16, 24, 32],
    [RLE8]: [8],
    [RLE4]: [4],
    [BIT_FIELDS]: [16, 32],
    [ALPHA_BIT_FIELDS]: [16, 32],
  };
  if (!kinds[compression]?.includes(bits)) {
    throw refuse(`a BMP of ${bits} bits and compression ${compression} is not read`);
  }
  const fields = compression === BIT_FIELDS || compression === ALPHA_BIT_FIELDS;
  const masks = fields ? fieldMasks(bytes, size, compression) : bits === 16 ? FIFTEEN : TWENTY_FOUR;
  const apart = fields && size === INFO ? (compression === BIT_FIELDS ? 12 : 16) : 0; // masks after the header
  return {
    width: core ? bytes.readUInt16LE(18) : Math.max(bytes.readInt32LE(18), 0),
    height: Math.abs(height),
    hasAlpha: masks[3] !== 0 || compression === RLE4 || compression === RLE8,
    topDown: height < 0,
    bits,
    compression,
    masks,
    palette: bits <= 8 ? paletteOf(bytes, 14 + size + apart, bits, core) : new Uint8Array(),
    start: bytes.readUInt32LE(10),
  };
}

const FIFTEEN = [0x7c00, 0x3e0, 0x1f, 0];
const TWENTY_FOUR = [0xff0000, 0xff00, 0xff, 0];

function fieldMasks(bytes: Buffer, size: number, compression: number): number[] {
  if (bytes.length < 70) throw refuse('the BMP is cut short in its header');
  const hasAlpha = size >= 56 || compression === ALPHA_BIT_FIELDS;
  return [54, 58, 62, 66].map((at, i) => (i === 3 && !hasAlpha ? 0 : bytes.readUInt32LE(at)));
}

function paletteOf(bytes: Buffer, at: number, bits: number, core: boolean): Uint8Array {
  const step = core ? 3 : 4;
  const used = core ? 0 : bytes.readUInt32LE(46);
  const count = used === 0 || used > 1 << bits ? 1 << bits : used;
  const palette = new Uint8Array(3 << bits); // colours beyond those given are black
  for (let i = 0; i < count && at + i * step + 3 <= bytes.length; i++) {
    for (let k = 0; k < 3; k++) palette[i * 3 + k] = bytes[at + i * step + 2 - k]!;
  }
  return palette;
}

/** @throws {JobError} if the file ends before the picture does */
export function decodeBmp(bytes: Buffer): RawImage {
  const header = bmpHeader(bytes);
  const { width, height, bits, compression } = header;
  const packed = compression === RLE4 || compression === RLE8;
  if (!packed && header.start + rowBytes(header) * height > bytes.length + 3) {
    throw refuse('the BMP is cut short'); // the padding of the last row may be missing
  }
  const channels = header.hasAlpha ? 4 : 3;
  const data = new Uint8Array(width * height * channels);
  if (packed) unpack(bytes, header, data);
  else if (bits <= 8) indexed(bytes, header, data);
  else if (bits === 24) plain(bytes, header, data);
  else masked(bytes, header, data);
  return { data, width, height, channels };
}

const rowBytes = ({ width, bits }: BmpHeader) => Math.ceil((width * bits) / 32) * 4;

/** Calls `row(from, to)` with where each row is in the file and in the picture, in pixels. */
function rows(header: BmpHeader, row: (from: number, to: number) => void): void {
  const { width, height, topDown, start } = header;
  for (let y = 0; y < height; y++) {
    row(start + y * rowBytes(header), (topDown ? y : height - 1 - y) * width);
  }
}

function indexed(bytes: Buffer, header: BmpHeader, data: Uint8Array): void {
  const { width, bits, palette } = header;
  rows(header, (from, to) => {
    for (let x = 0; x < width; x++) {
      const bit = x * bits;
      const index = (bytes[from + (bit >> 3)]! >> (8 - bits - (bit & 7))) & ((1 << bits) - 1);
      for (let k = 0; k < 3; k++) data[(to + x) * 3 + k] = palette[index * 3 + k]!;
    }
  });
}

function plain(bytes: Buffer, header: BmpHeader, data: Uint8Array): void {
  rows(header, (from, to) => {
    for (let x = 0; x < header.width; x++) {
      for (let k = 0; k < 3; k++) data[(to + x) * 3 + k] = bytes[from + x * 3 + 2 - k]!;
    }
  });
}

function masked(bytes: Buffer, header: BmpHeader, data: Uint8Array): void {
  const { width, bits, masks, hasAlpha } = header;
  const channels = hasAlpha ? 4 : 3;
  const lows = masks.map((mask) => Math.max((mask & -mask) >>> 0, 1));
  const highs = masks.map((mask, k) => Math.max(Math.floor(mask / lows[k]!), 1));
  let seen = false;
  rows(header, (from, to) => {
    for (let x = 0; x < width; x++) {
      const value = bits === 32 ? bytes.readUInt32LE(from + x * 4) : bytes.readUInt16LE(from + x * 2);
      for (let k = 0; k < channels; k++) {
        const sample = ((value & masks[k]!) >>> 0) / lows[k]!;
        data[(to + x) * channels + k] = Math.round((sample / highs[k]!) * 255);
      }
      if (hasAlpha && data[(to + x) * 4 + 3] !== 0) seen = true;
    }
  });
  // Programs that know no alpha leave it zero, and mean all of the picture.
  if (hasAlpha && !seen) for (let i = 3; i < data.length; i += 4) data[i] = 255;
}

/** Runs; what they skip is transparent. */
function unpack(bytes: Buffer, header: BmpHeader, data: Uint8Array): void {
  const { width, height, topDown, bits, palette } = header;
  let [x, y, at] = [0, 0, header.start];
  const next = () => {
    if (at >= bytes.length) throw refuse('the BMP is cut short');
    return bytes[at++]!;
  };
  const put = (index: number) => {
    if (x < width && y < height) {
      const to = ((topDown ? y : height - 1 - y) * width + x) * 4;
      for (let k = 0; k < 3; k++) data[to + k] = palette[index * 3 + k]!;
      data[to + 3] = 255;
    }
    x++;
  };
  const nibble = (value: number, i: number) => (bits === 8 ? value : i % 2 === 0 ? value >> 4 : value & 15);
  while (y < height) {
    const count = next();
    const value = next();
    if (count > 0) {
      for (let i = 0; i < count; i++) put(nibble(value, i));
    } else if (value === 0) {
      x = 0;
      y++;
    } else if (value === 1) {
      return;
    } else if (value === 2) {
      x += next();
      y += next();
    } else {
      const from = at;
      for (let i = 0, byte = 0; i < value; i++) {
        if (bits === 8 || i % 2 === 0) byte = next();
        put(nibble(byte, i));
      }
      if ((at - from) % 2 === 1) at++;
    }
  }
}
