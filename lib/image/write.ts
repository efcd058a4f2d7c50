// Writing images: the path is checked before the long work, and the file appears complete or not at all.

import { randomUUID } from 'node:crypto';
import { access, constants, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { OptionError, OutputError } from '../errors.js';
import { type Format, runJob } from './job.js';
import { movable, named } from './read.js';
import { copyOf } from './slices.js';
import { shorten, toSource } from './source.js';
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

const REASONS: Record<string, string> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is not a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'there is no space left',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be too large',
};

/** How to encode. */
export interface EncodeOptions {
  /** Bits per channel; 16 for PNG and TIFF only. Default 8. */
  bitDepth?: 8 | 16;
  /** 1..100, for JPEG (default 95), WebP (95) and AVIF (80). */
  quality?: number;
  /** Stored as JSON in the file's metadata. */
  options?: Record<string, unknown>;
}

/** What the file system says against a write, as the error to throw. */
export function outputError(path: string, error: unknown): OutputError {
  if (error instanceof OutputError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new OutputError(path, `cannot write "${shorten(path)}": ${REASONS[code] ?? message}`, error);
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

/** Follows symbolic links, also one that points to a file yet to be made. */
async function resolveLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const link = await readlink(path).catch(() => undefined);
    return link === undefined ? resolve(path) : resolveLinks(resolve(dirname(path), link));
  }
}

/** The file that a write to `path` replaces, and its mode if there is one already. */
async function destination(path: string): Promise<{ file: string; mode?: number }> {
  const file = await resolveLinks(path);
  const existing = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!existing) return { file };
  const refuse = (reason: string) => new OutputError(path, `cannot write "${shorten(path)}": ${reason}`);
  if (existing.isDirectory()) throw refuse('it is a folder');
  if (!existing.isFile()) throw refuse('it is not a regular file');
  return { file, mode: existing.mode & 0o777 };
}

/**
 * Checks, before any long work, that `path` can be written.
 * @throws {OptionError} if its extension is not that of a known format
 * @throws {OutputError} if its folder is missing or not writable, or a folder or read-only file is in the way
 */
export async function checkOutput(path: string): Promise<void> {
  formatOf(path);
  try {
    const { file, mode } = await destination(path);
    const folder = dirname(file);
    if (!(await stat(folder)).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    await access(folder, constants.W_OK | constants.X_OK);
    if (mode !== undefined) await access(file, constants.W_OK);
  } catch (error) {
    throw outputError(path, error);
  }
}

/**
 * Encodes a raster as sRGB: clamped to 0..255, rounded to nearest, with alpha except in JPEG.
 * @throws {OptionError} if `opts` is invalid or the format cannot hold an image of this size
 */
export async function encodeImage(raster: Raster, format: Format, opts: EncodeOptions = {}): Promise<Buffer> {
  const { bitDepth = 8, quality, options } = opts;
  checkOptions(format, bitDepth, quality);
  const { width, height } = raster;
  const data = await copyOf(raster.data);
  const alpha = raster.alpha && (await copyOf(raster.alpha));
  const copy: Raster = alpha ? { data, width, height, alpha } : { data, width, height };
  const json = options && JSON.stringify(options);
  try {
    const moved = alpha ? [data, alpha] : [data];
    const bytes = await runJob('encode', { raster: copy, format, bitDepth, quality, json }, moved);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (error) {
    const reason = (error as Error).message;
    throw new OptionError('format', format, `${width} × ${height} pixels as ${format}: ${reason}`, error);
  }
}

function checkOptions(format: Format, bitDepth: number, quality: number | undefined): void {
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
  if (quality !== undefined && !(Number.isInteger(quality) && quality >= 1 && quality <= 100)) {
    throw new OptionError('quality', quality, `quality must be a whole number from 1 to 100, not ${quality}`);
  }
}

/**
 * Reads back the options that Scumble stored in a file it wrote.
 * @returns nothing if the image has none
 * @throws {ImageError} if the file cannot be read or is not an image
 */
export async function readOptions(file: string | Buffer): Promise<Record<string, unknown> | undefined> {
  const found = await toSource(file, 'file', Number.POSITIVE_INFINITY);
  if ('raw' in found) return undefined;
  const { source, moved } = await movable(found.encoded);
  const json = await named(runJob('describe', { source }, moved), 'file', found.label);
  try {
    return json === undefined ? undefined : JSON.parse(json);
  } catch {
    return undefined; // someone else's text
  }
}

/**
 * Writes a file so that `path` holds either its old content or all of the new. A symbolic link stays, and what it
 * points to is replaced; an existing file's permissions are kept.
 * @throws {OutputError} if that fails; nothing is left behind
 */
export async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  try {
    const { file, mode } = await destination(path);
    const temporary = join(dirname(file), `.scumble-${randomUUID()}.tmp`);
    const handle = await open(temporary, 'wx');
    try {
      try {
        await handle.writeFile(bytes);
        if (mode !== undefined) await handle.chmod(mode);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  } catch (error) {
    throw outputError(path, error);
  }
}
