// From a picture to the bytes of a file, and back to the options stored in them.

import { extname } from 'node:path';
import { OptionError } from '../errors.js';
import { checkWritable, shorten } from '../files/atomic.js';
import type { Format } from './job.js';
import { runJob } from './pool.js';
import { movable, named } from './read.js';
import { copyOf } from './slices.js';
import { toSource } from './source.js';
import type { Raster } from './types.js';

const FORMATS: Record<string, Format> = {
  '.png': 'png',
  '.jpg': 'jpeg',
  '.jpeg': 'jpeg',
  '.webp': 'webp',
  '.tif': 'tiff',
  '.tiff': 'tiff',
  '.avif': 'avif',
};

/** How to encode. */
export interface EncodeOptions {
  /** Bits per channel; 16 for PNG and TIFF only. Default 8. */
  bitDepth?: 8 | 16;
  /** 1..100, for JPEG (default 95), WebP (95) and AVIF (80). */
  encoderQuality?: number;
  /** Stored as JSON in the file's metadata. */
  options?: Record<string, unknown>;
}

/**
 * The format that a path's extension asks for.
 * @throws {OptionError} if it is none of those that can be written
 */
export function formatOf(path: string): Format {
  const format = typeof path === 'string' ? FORMATS[extname(path).toLowerCase()] : undefined;
  if (format) return format;
  const known = Object.keys(FORMATS).join(', ');
  throw new OptionError('output', path, `output must end in one of ${known}, not "${shorten(String(path))}"`);
}

/**
 * Checks, before any long work, that `path` can be written.
 * @throws {OptionError} if its extension is not that of a known format
 * @throws {OutputError} if its folder is missing or not writable, or a folder or read-only file is in the way
 */
export async function checkOutput(path: string): Promise<void> {
  formatOf(path);
  await checkWritable(path);
}

/**
 * Encodes a raster as sRGB: clamped to 0..255, rounded to nearest, with alpha except in JPEG.
 * @throws {OptionError} if `opts` is invalid or the format cannot hold an image of this size
 */
export async function encodeImage(raster: Raster, format: Format, opts: EncodeOptions = {}): Promise<Buffer> {
  const { bitDepth = 8, encoderQuality, options } = opts;
  checkOptions(format, bitDepth, encoderQuality);
  const { width, height } = raster;
  const data = await copyOf(raster.data);
  const alpha = raster.alpha && (await copyOf(raster.alpha));
  const copy: Raster = alpha ? { data, width, height, alpha } : { data, width, height };
  const json = options && JSON.stringify(options);
  try {
    const moved = alpha ? [data, alpha] : [data];
    const input = { raster: copy, format, bitDepth, quality: encoderQuality, json };
    const bytes = await runJob('encode', input, moved);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (error) {
    const reason = (error as Error).message;
    throw new OptionError('format', format, `${width} × ${height} pixels as ${format}: ${reason}`, error);
  }
}

function checkOptions(format: Format, bitDepth: number, encoderQuality: number | undefined): void {
  if (!Object.values(FORMATS).includes(format)) {
    const known = [...new Set(Object.values(FORMATS))].join(', ');
    throw new OptionError('format', format, `format must be one of ${known}, not "${format}"`);
  }
  if (bitDepth !== 8 && bitDepth !== 16) {
    throw new OptionError('bitDepth', bitDepth, `bitDepth must be 8 or 16, not ${bitDepth}`);
  }
  if (bitDepth === 16 && format !== 'png' && format !== 'tiff') {
    throw new OptionError('bitDepth', bitDepth, `bitDepth 16 is for png and tiff only, not ${format}`);
  }
  if (encoderQuality === undefined) return;
  if (!Number.isInteger(encoderQuality) || encoderQuality < 1 || encoderQuality > 100) {
    const problem = `must be a whole number from 1 to 100, not ${encoderQuality}`;
    throw new OptionError('encoderQuality', encoderQuality, `encoderQuality ${problem}`);
  }
}

/**
 * Reads back the options that Scumble stored in a file it wrote.
 * @returns nothing if the image has none
 * @throws {ImageError} if the file cannot be read or is not an image
 */
export async function readOptions(file: string | Buffer): Promise<Record<string, unknown> | undefined> {
  const found = toSource(file, 'file', Number.POSITIVE_INFINITY);
  if ('raw' in found) return undefined;
  const { source, moved } = await movable(found.encoded);
  const json = await named(runJob('describe', { source }, moved), 'file', found.label);
  try {
    return json === undefined ? undefined : JSON.parse(json);
  } catch {
    return undefined; // someone else's text
  }
}
