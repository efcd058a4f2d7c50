// What a caller may hand in as an image, made into one of two things: encoded bytes or checked raw pixels.

import { fileURLToPath } from 'node:url';
import { ImageError, OptionError } from '../errors.js';
import { shorten } from '../files/atomic.js';
import type { Encoded } from './job.js';
import { sizeFault } from './size.js';
import { copyOf, inSlices, type Samples } from './slices.js';
import type { ImageSource, RawImage } from './types.js';

/** `label` names the source in messages. */
export type Source = { label: string } & ({ encoded: Encoded } | { raw: RawImage });

const EXPECTED = 'a path, a file: URL, an encoded image in memory or a RawImage';

/** Sorts out what `source` is; of raw pixels the shape is checked, but not yet the numbers, and files not at all. */
export function toSource(source: ImageSource, option: string, maxPixels: number): Source {
  if (typeof source === 'string' || source instanceof URL) {
    const path = toPath(source, option);
    return { label: `"${shorten(path)}"`, encoded: path };
  }
  if (source instanceof Uint8Array || source instanceof ArrayBuffer) {
    const encoded = source instanceof ArrayBuffer ? new Uint8Array(source) : source;
    return { label: `the image in memory (${encoded.length} bytes)`, encoded };
  }
  if (typeof source !== 'object' || source === null || !('data' in source)) {
    throw new OptionError(option, source, `${option} must be ${EXPECTED}, not ${describeValue(source)}`);
  }
  return { label: 'the raw image', raw: checkedShape(source, option, maxPixels) };
}

/** The path that a text or a file: URL means. @throws OptionError */
export function toPath(source: string | URL, option: string): string {
  const text = String(source);
  const refuse = (reason: string, cause?: unknown) =>
    new OptionError(option, source, `${option}: "${shorten(text)}" ${reason}`, cause);
  if (text === '')
    throw new OptionError(option, source, `${option} must be ${EXPECTED}, not an empty string`);
  if (text.includes('\0')) throw refuse('is not a path: it contains a null character');
  if (/^file:/i.test(text)) {
    try {
      return fileURLToPath(text);
    } catch (error) {
      throw refuse(`is not a usable file: URL: ${(error as Error).message}`, error);
    }
  }
  if (source instanceof URL || /^([a-z][a-z\d+.-]+:\/\/|data:)/i.test(text)) {
    throw refuse('is not a local file; only local files are read');
  }
  return text;
}

function describeValue(value: unknown): string {
  if (value === null || typeof value !== 'object') return String(value);
  return `an object of type ${value.constructor?.name ?? 'unknown'}`;
}

/** The fields as they are now, whatever becomes of the object they are of. */
function checkedShape(raw: RawImage, option: string, maxPixels: number): RawImage {
  const { data, width, height, channels } = raw;
  const demand = (valid: boolean, field: keyof RawImage, rule: string) => {
    if (!valid)
      throw new OptionError(
        option,
        raw,
        `${option}.${field} must be ${rule}, not ${describeValue(raw[field])}`,
      );
  };
  demand(Number.isInteger(width) && width > 0, 'width', 'a whole number above 0');
  demand(Number.isInteger(height) && height > 0, 'height', 'a whole number above 0');
  demand([1, 2, 3, 4].includes(channels), 'channels', '1, 2, 3 or 4');
  const types = [Uint8Array, Uint8ClampedArray, Uint16Array, Float32Array];
  demand(
    types.some((type) => data instanceof type),
    'data',
    'a Uint8Array, Uint8ClampedArray, Uint16Array or Float32Array',
  );
  const length = width * height * channels;
  if (data.length !== length) {
    const sum = `${width} × ${height} × ${channels} = ${length}`;
    throw new OptionError(option, raw, `${option}.data has ${data.length} values, but ${sum} are needed`);
  }
  const fault = sizeFault(width, height, maxPixels);
  if (fault) throw new ImageError('ERR_IMAGE_SIZE', option, `${option}: the raw image ${fault}`);
  return { data, width, height, channels };
}

/** Checks the numbers where they are. */
export async function checkNumbers(raw: RawImage, option: string): Promise<void> {
  if (!(raw.data instanceof Float32Array)) return;
  await inSlices(raw.data.length, (start, end) => checkFinite(raw, raw.data, option, start, end));
}

/** A copy whose numbers are checked: the caller may go on writing into its own. */
export async function checkedCopy(raw: RawImage, option: string): Promise<RawImage> {
  const floats = raw.data instanceof Float32Array;
  const check = (copy: Samples, start: number, end: number) => checkFinite(raw, copy, option, start, end);
  return { ...raw, data: await copyOf(raw.data, floats ? check : undefined) };
}

function checkFinite(raw: RawImage, data: Samples, option: string, start: number, end: number): void {
  for (let i = start; i < end; i++) {
    if (!Number.isFinite(data[i])) {
      throw new OptionError(option, raw, `${option}.data[${i}] must be a finite number, not ${data[i]}`);
    }
  }
}
