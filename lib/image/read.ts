// Reading images: everything a caller can get wrong becomes an error that names the option; the work is in a worker.

import { ImageError } from '../errors.js';
import { type Header, JobError, runJob } from './job.js';
import { copyOf } from './slices.js';
import { type Source, toSource } from './source.js';
import type { ImageSource, Raster } from './types.js';

/** Turns a job's failure into an error that says which image it was. */
export async function named<T>(job: Promise<T>, option: string, label: string): Promise<T> {
  try {
    return await job;
  } catch (error) {
    if (!(error instanceof JobError)) throw error;
    throw new ImageError(error.code, option, `${option}: ${label} ${error.message}`, error.cause);
  }
}

/** The caller keeps its bytes, so a copy of them moves to the worker. */
export async function movable(encoded: string | Uint8Array) {
  if (typeof encoded === 'string') return { source: encoded, moved: [] };
  const source = await copyOf(encoded);
  return { source, moved: [source] };
}

/**
 * Reads an image's size, after EXIF orientation, without decoding its pixels.
 * @param option the option the image was given as, for messages
 * @param maxPixels the largest width × height allowed
 * @throws {OptionError} if the source is no image source at all, or not consistent as a RawImage
 * @throws {ImageError} if it cannot be read (`ERR_IMAGE`), or is zero-sized or over `maxPixels` (`ERR_IMAGE_SIZE`)
 */
export async function probeImage(source: ImageSource, option: string, maxPixels: number): Promise<Header> {
  const found = await toSource(source, option, maxPixels);
  if ('raw' in found) {
    const { width, height, channels } = found.raw;
    return { width, height, hasAlpha: channels % 2 === 0 };
  }
  const { source: bytes, moved } = await movable(found.encoded);
  return named(runJob('probe', { source: bytes, maxPixels }, moved), option, found.label);
}

/**
 * Decodes an image: EXIF orientation applied, colours converted to sRGB, first page of several, 16 bit kept exact.
 * Parameters and errors as for `probeImage`.
 */
export async function readImage(source: ImageSource, option: string, maxPixels: number): Promise<Raster> {
  const found = await toSource(source, option, maxPixels);
  return named(decode(found, maxPixels), option, found.label);
}

async function decode(found: Source, maxPixels: number): Promise<Raster> {
  if ('raw' in found) {
    const { width, height, channels } = found.raw;
    const data = await copyOf(found.raw.data);
    return runJob('decode', { raw: { data, width, height, channels } }, [data]);
  }
  const { source, moved } = await movable(found.encoded);
  return runJob('decode', { source, maxPixels }, moved);
}
