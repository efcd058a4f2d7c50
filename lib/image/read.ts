// Reading images: everything a caller can get wrong becomes an error that names the option; the work is in a worker.

import { threadsAtOnce } from '../engine/limits.js';
import { ImageError } from '../errors.js';
import type { Filter } from '../options/topics/resizing.js';
import type { Size } from '../run/scales.js';
import { type Decoded, type Decoding, JobError } from './job.js';
import { runJob } from './pool.js';
import { copyOf } from './slices.js';
import { checkedCopy, checkNumbers, toSource } from './source.js';
import type { Header, ImageSource, Raster } from './types.js';

/** How to read an image. */
export interface Reading {
  /** The largest width × height allowed. */
  maxPixels: number;
  /** To resize with, ≥ 1. Default: as many as the machine runs at once. */
  threads?: number;
  /** To resize by. Default: lanczos. */
  filter?: Filter;
  /** Whether resized images have whole numbers. Default false. */
  wholeSteps?: boolean;
  /** Whether the floats of a TIFF without a colour profile are linear light. Default false: they are sRGB from 0 to 1. */
  linear?: boolean;
  /** What `probeImage` said of it: an image that is no longer that size is refused. */
  probed?: Header;
  /** Rejects with its reason, and ends the work. */
  signal?: AbortSignal | undefined;
}

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
  const found = toSource(source, option, maxPixels);
  if ('raw' in found) {
    await checkNumbers(found.raw, option);
    const { width, height, channels, data } = found.raw;
    const depth = (data.BYTES_PER_ELEMENT * 8) as Header['depth'];
    const hasAlpha = channels % 2 === 0;
    return { width, height, hasAlpha, format: 'raw', depth, bytes: data.byteLength, decoder: 0 };
  }
  const { source: bytes, moved } = await movable(found.encoded);
  return named(runJob('probe', { source: bytes, maxPixels }, moved), option, found.label);
}

/**
 * Decodes an image: EXIF orientation applied, colours converted to sRGB, first page of several, 16 bit kept exact.
 * Parameters and errors as for `probeImage`. `notes` are sentences that say what was assumed or left out.
 */
export async function readImage(
  source: ImageSource,
  option: string,
  maxPixels: number,
  reading: Omit<Reading, 'maxPixels'> = {},
): Promise<Raster & { notes: string[] }> {
  const { images, notes } = await decode(source, option, { ...reading, maxPixels });
  return { ...images[0]!, notes };
}

/**
 * As `readImage`, but at other sizes: each is made from the original, and that is never whole in memory if it is much
 * larger than the largest of them.
 */
export async function readSizes(
  source: ImageSource,
  option: string,
  sizes: readonly Size[],
  reading: Reading,
): Promise<Decoded> {
  return decode(source, option, reading, sizes);
}

async function decode(
  source: ImageSource,
  option: string,
  { threads = threadsAtOnce(), linear = false, signal, ...reading }: Reading,
  sizes?: readonly Size[],
): Promise<Decoded> {
  const found = toSource(source, option, reading.maxPixels);
  const how: Omit<Decoding, 'source'> = { ...reading, threads, linear, ...(sizes && { sizes }) };
  let job: Promise<Decoded>;
  if ('raw' in found) {
    const raw = await checkedCopy(found.raw, option);
    job = runJob('decode', { ...how, source: raw }, [raw.data], signal);
  } else {
    const { source: encoded, moved } = await movable(found.encoded);
    job = runJob('decode', { ...how, source: encoded }, moved, signal);
  }
  const { images, notes } = await named(job, option, found.label);
  return { images, notes: notes.map((note) => `${option}: ${found.label} ${note}`) };
}
