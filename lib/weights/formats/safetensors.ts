// The safetensors format: 8 bytes of header length, a JSON header, then the tensors' bytes without holes. Files come
// from anywhere, so the whole layout is checked against the size of the file before any of its data is read.

import { type FileHandle, open, stat } from 'node:fs/promises';
import { WeightsError } from '../../errors.js';
import { quote, refuse } from '../refuse.js';

const BYTES = { F32: 4, F16: 2, BF16: 2 } as const;

/** The element types that the engine understands. */
export type DType = keyof typeof BYTES;

/** One named array: `data` holds product(shape) little-endian elements, at any alignment. */
export interface Tensor {
  dtype: DType;
  shape: number[];
  data: Uint8Array;
}

/** What a file holds. `metadata` has no prototype, so any key can be looked up in it. */
export interface TensorFile {
  metadata: Record<string, string>;
  tensors: Map<string, Tensor>;
}

interface Region {
  dtype: DType;
  shape: number[];
  begin: number;
  end: number;
}

/** 2 GB: more than three times the largest VGG, classifier included. */
const MAX_FILE_BYTES = 2e9;

/**
 * 1 MB, some ten thousand tensors. The format allows 100 MB, but a hostile header of that size keeps `JSON.parse`, and
 * with it the event loop, busy for half a minute and fills 2 GB of heap.
 */
const MAX_HEADER_BYTES = 1e6;

/**
 * Reads a file of F32, F16 and BF16 tensors; their `data` are views of one buffer. At most 2 GB, with a header of at
 * most 1 MB.
 *
 * @throws WeightsError when the file cannot be read or breaks the format in any way.
 */
export async function readSafetensors(path: string): Promise<TensorFile> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) refuse(path, 'is not a regular file');
    if (stats.size > MAX_FILE_BYTES) {
      refuse(path, `has ${stats.size} bytes, more than the limit of ${MAX_FILE_BYTES}`);
    }
    const handle = await open(path);
    try {
      return await readFrom(handle, stats.size, path);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof WeightsError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    refuse(path, code === 'ENOENT' ? 'does not exist' : `cannot be read: ${message}`, error);
  }
}

/** The bytes of a safetensors file that holds `tensors` in the given order; the data starts 8-byte aligned. */
export function encodeSafetensors(
  tensors: Iterable<[string, Tensor]>,
  metadata: Record<string, string>,
): Uint8Array {
  const entries: [string, unknown][] = [['__metadata__', metadata]];
  const chunks: Uint8Array[] = [];
  let end = 0;
  for (const [name, { dtype, shape, data }] of tensors) {
    const begin = end;
    end += data.byteLength;
    entries.push([name, { dtype, shape, data_offsets: [begin, end] }]);
    chunks.push(data);
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const header = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ');
  header.set(json);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, ...chunks]);
}

async function readFrom(handle: FileHandle, fileBytes: number, path: string): Promise<TensorFile> {
  if (fileBytes < 8) refuse(path, `has ${fileBytes} bytes; a safetensors file has at least 8`);
  const prefix = await readBytes(handle, 0, 8, path);
  const headerBytes = new DataView(prefix.buffer).getBigUint64(0, true);
  if (headerBytes > fileBytes - 8) {
    refuse(path, `the header should have ${headerBytes} bytes, but only ${fileBytes - 8} follow`);
  }
  if (headerBytes > MAX_HEADER_BYTES) {
    refuse(path, `the header has ${headerBytes} bytes, more than the limit of ${MAX_HEADER_BYTES}`);
  }
  const dataStart = 8 + Number(headerBytes);
  const header = parseHeader(await readBytes(handle, 8, Number(headerBytes), path), path);
  const metadata = parseMetadata(header.__metadata__, path);
  const regions = new Map<string, Region>();
  for (const [name, entry] of Object.entries(header)) {
    if (name !== '__metadata__') regions.set(name, parseRegion(name, entry, path));
  }
  checkLayout(regions, fileBytes - dataStart, path);

  const data = await readBytes(handle, dataStart, fileBytes - dataStart, path);
  const tensors = new Map<string, Tensor>();
  for (const [name, { dtype, shape, begin, end }] of regions) {
    tensors.set(name, { dtype, shape, data: data.subarray(begin, end) });
  }
  return { metadata, tensors };
}

async function readBytes(
  handle: FileHandle,
  start: number,
  length: number,
  path: string,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, length - done, start + done);
    if (bytesRead === 0) refuse(path, `ended at byte ${start + done} while it was being read`);
    done += bytesRead;
  }
  return bytes;
}

function parseHeader(bytes: Uint8Array, path: string): Record<string, unknown> {
  if (bytes[0] !== '{'.charCodeAt(0)) {
    refuse(path, 'the header is not a JSON object, it does not start with {');
  }
  try {
    return withoutPrototype(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (error) {
    refuse(path, `the header is not JSON in UTF-8: ${quote((error as Error).message)}`, error);
  }
}

function parseMetadata(metadata: unknown, path: string): Record<string, string> {
  if (metadata === undefined) return Object.create(null);
  if (!isObject(metadata)) refuse(path, `__metadata__ must map strings to strings, got ${quote(metadata)}`);
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') {
      refuse(path, `__metadata__ must map strings to strings, got ${quote(value)} for ${quote(key)}`);
    }
  }
  return withoutPrototype(metadata) as Record<string, string>;
}

function parseRegion(name: string, entry: unknown, path: string): Region {
  const tensor = `tensor ${quote(name)}`;
  if (!isObject(entry)) refuse(path, `${tensor} must be described by an object, got ${quote(entry)}`);
  const { dtype, shape, data_offsets: offsets } = withoutPrototype(entry);
  if (!isDType(dtype)) refuse(path, `${tensor} has dtype ${quote(dtype)}; supported are F32, F16 and BF16`);
  if (!isSizes(shape)) {
    refuse(path, `${tensor} has shape ${quote(shape)}, which is not a list of non-negative integers`);
  }
  if (!isSizes(offsets) || offsets.length !== 2) {
    refuse(path, `${tensor} has data_offsets ${quote(offsets)}, which are not two non-negative integers`);
  }
  const [begin, end] = offsets as [number, number];
  let bytes: number = BYTES[dtype];
  for (const size of shape) {
    bytes *= size;
    if (!Number.isSafeInteger(bytes)) refuse(path, `${tensor} has shape ${quote(shape)}, which overflows`);
  }
  if (end - begin !== bytes) {
    refuse(
      path,
      `${tensor} needs ${bytes} bytes for ${dtype} ${quote(shape)}, but data_offsets ${quote(offsets)} give ${end - begin}`,
    );
  }
  return { dtype, shape, begin, end };
}

/** The regions, in any order, must tile the data exactly: no overlap, no hole, nothing before or after. */
function checkLayout(regions: Map<string, Region>, dataBytes: number, path: string): void {
  let covered = 0;
  const inOrder = [...regions].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  for (const [name, { begin, end }] of inOrder) {
    if (end > dataBytes) {
      refuse(path, `tensor ${quote(name)} ends at byte ${end}, but the file has ${dataBytes} bytes of data`);
    }
    if (begin < covered) {
      refuse(path, `tensor ${quote(name)} overlaps another: it starts at byte ${begin}, before ${covered}`);
    }
    if (begin > covered) {
      refuse(path, `bytes ${covered} to ${begin}, before tensor ${quote(name)}, belong to no tensor`);
    }
    covered = end;
  }
  if (covered < dataBytes) {
    refuse(path, `bytes ${covered} to ${dataBytes}, after the last tensor, belong to no tensor`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Keys such as `constructor` are then absent unless the file has them. `JSON.parse` makes `__proto__` a plain key. */
function withoutPrototype<T extends object>(parsed: T): T {
  return Object.setPrototypeOf(parsed, null);
}

function isDType(value: unknown): value is DType {
  return typeof value === 'string' && Object.hasOwn(BYTES, value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
