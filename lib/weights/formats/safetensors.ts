// The safetensors format: 8 bytes of header length, a JSON header, then the tensors' bytes without holes. Files come
// from anywhere, so the whole layout is checked against the size of the file before any of its data is read.

import { quote, refuse } from '../refuse.js';
import { WeightsFile } from './file.js';
import { isObject } from './json.js';
import { byteLength, type DType, ELEMENT_BYTES, type Tensor, type TensorFile } from './tensors.js';

/** Where a tensor lies, in bytes from `dataStart` on. */
interface Region {
  dtype: DType;
  shape: number[];
  begin: number;
  end: number;
}

/**
 * 1 MB, some ten thousand tensors. The format allows 100 MB, but a hostile header of that size keeps `JSON.parse`, and
 * with it the event loop, busy for half a minute and fills 2 GB of heap.
 */
const MAX_HEADER_BYTES = 1e6;

const HEADER_START = 8;

/**
 * Reads a file; the tensors' `data` are views of one buffer. At most 2 GB, with a header of at most 1 MB.
 *
 * @param wanted which tensors, by name; default: all. What lies before the first and behind the last of them is not read.
 * @throws WeightsError when the file cannot be read or breaks the format in any way.
 */
export function readSafetensors(path: string, wanted?: (name: string) => boolean): Promise<TensorFile> {
  return WeightsFile.use(path, (file) => readFrom(file, wanted));
}

/** The names of a file's tensors, by its header alone. @throws WeightsError as readSafetensors() */
export async function tensorNames(path: string): Promise<string[]> {
  const names: string[] = [];
  const note = (name: string) => {
    names.push(name);
    return false;
  };
  await readSafetensors(path, note);
  return names;
}

/** A file that holds `tensors` in the given order, in pieces that share their data; these start 8-byte aligned. */
export function encodeSafetensors(
  tensors: Iterable<[string, Tensor]>,
  metadata: Record<string, string>,
): Uint8Array[] {
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
  return [length, header, ...chunks];
}

async function readFrom(file: WeightsFile, wanted = (_name: string) => true): Promise<TensorFile> {
  const { metadata, regions, dataStart } = await readHeader(file);
  const chosen = [...regions].filter(([name]) => wanted(name));
  const from = chosen.reduce((least, [, { begin }]) => Math.min(least, begin), file.size - dataStart);
  const to = chosen.reduce((most, [, { end }]) => Math.max(most, end), from);
  const data = await file.read(dataStart + from, to - from);
  const tensors = new Map<string, Tensor>();
  for (const [name, { dtype, shape, begin, end }] of chosen) {
    tensors.set(name, { dtype, shape, data: data.subarray(begin - from, end - from) });
  }
  return { metadata, tensors };
}

/** The same tensor by tensor, each in memory of its own, for files of any size. @throws WeightsError, as readSafetensors() */
export function readLargeSafetensors(path: string): Promise<TensorFile> {
  const read = async (file: WeightsFile) => {
    const { metadata, regions, dataStart } = await readHeader(file);
    const tensors = new Map<string, Tensor>();
    for (const [name, { dtype, shape, begin, end }] of regions) {
      tensors.set(name, { dtype, shape, data: await file.read(dataStart + begin, end - begin) });
    }
    return { metadata, tensors };
  };
  return WeightsFile.use(path, read, Number.POSITIVE_INFINITY);
}

/** What a file has and where, once all of it is known to fit the file. */
async function readHeader(
  file: WeightsFile,
): Promise<{ metadata: Record<string, string>; regions: Map<string, Region>; dataStart: number }> {
  const { path, size } = file;
  if (size < 8) refuse(path, `has ${size} bytes; a safetensors file has at least 8`, { offset: size });
  const headerBytes = new DataView((await file.read(0, 8)).buffer).getBigUint64(0, true);
  if (headerBytes > size - 8) {
    refuse(path, `the header should have ${headerBytes} bytes, but only ${size - 8} follow`, { offset: 0 });
  }
  if (headerBytes > MAX_HEADER_BYTES) {
    refuse(path, `the header has ${headerBytes} bytes, more than the limit of ${MAX_HEADER_BYTES}`, {
      offset: 0,
    });
  }
  const bytes = await file.read(HEADER_START, Number(headerBytes));
  const dataStart = HEADER_START + bytes.length;
  const header = parseHeader(bytes, path);
  const metadata = parseMetadata(header.__metadata__, path, placeOf('__metadata__', bytes));
  const regions = new Map<string, Region>();
  for (const [name, entry] of Object.entries(header)) {
    if (name !== '__metadata__') regions.set(name, parseRegion(name, entry, path, placeOf(name, bytes)));
  }
  checkLayout(regions, dataStart, size - dataStart, path);
  return { metadata, regions, dataStart };
}

function parseHeader(bytes: Uint8Array, path: string): Record<string, unknown> {
  if (bytes[0] !== '{'.charCodeAt(0)) {
    refuse(path, 'the header is not a JSON object, it does not start with {', { offset: HEADER_START });
  }
  try {
    return withoutPrototype(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (cause) {
    const problem = `the header is not JSON in UTF-8: ${quote((cause as Error).message)}`;
    return refuse(path, problem, { offset: HEADER_START, cause });
  }
}

/** A function, as it is asked only when something is wrong: the byte of the file where the header names `key`. */
function placeOf(key: string, header: Uint8Array): () => number {
  return () => HEADER_START + Math.max(Buffer.from(header.buffer).indexOf(`${JSON.stringify(key)}:`), 0);
}

function parseMetadata(metadata: unknown, path: string, place: () => number): Record<string, string> {
  if (metadata === undefined) return Object.create(null);
  const bad = (problem: string) =>
    refuse(path, `__metadata__ must map strings to strings, got ${problem}`, { offset: place() });
  if (!isObject(metadata)) return bad(quote(metadata));
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') bad(`${quote(value)} for ${quote(key)}`);
  }
  return withoutPrototype(metadata) as Record<string, string>;
}

function parseRegion(name: string, entry: unknown, path: string, place: () => number): Region {
  const bad = (problem: string): never =>
    refuse(path, `tensor ${quote(name)} ${problem}`, { offset: place() });
  if (!isObject(entry)) return bad(`must be described by an object, got ${quote(entry)}`);
  const { dtype, shape, data_offsets: offsets } = withoutPrototype(entry);
  if (!isDType(dtype)) {
    return bad(`has dtype ${quote(dtype)}; supported are ${Object.keys(ELEMENT_BYTES).join(' ')}`);
  }
  if (!isSizes(shape)) {
    return bad(`has shape ${quote(shape)}, which is not a list of non-negative integers`);
  }
  if (!isSizes(offsets) || offsets.length !== 2) {
    return bad(`has data_offsets ${quote(offsets)}, which are not two non-negative integers`);
  }
  const [begin, end] = offsets as [number, number];
  const bytes = byteLength(dtype, shape) ?? bad(`has shape ${quote(shape)}, which overflows`);
  if (end - begin !== bytes) {
    bad(
      `needs ${bytes} bytes for ${dtype} ${quote(shape)}, but data_offsets ${quote(offsets)} give ${end - begin}`,
    );
  }
  return { dtype, shape, begin, end };
}

/** The regions, in any order, must tile the data exactly: no overlap, no hole, nothing before or after. */
function checkLayout(regions: Map<string, Region>, dataStart: number, dataBytes: number, path: string): void {
  let covered = 0;
  const bad = (place: number, problem: string) => refuse(path, problem, { offset: dataStart + place });
  const inOrder = [...regions].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  for (const [name, { begin, end }] of inOrder) {
    if (end > dataBytes) {
      bad(begin, `tensor ${quote(name)} ends at byte ${end}, but the file has ${dataBytes} bytes of data`);
    }
    if (begin < covered) {
      bad(begin, `tensor ${quote(name)} overlaps another: it starts at byte ${begin}, before ${covered}`);
    }
    if (begin > covered) {
      bad(covered, `bytes ${covered} to ${begin}, before tensor ${quote(name)}, belong to no tensor`);
    }
    covered = end;
  }
  if (covered < dataBytes) {
    bad(covered, `bytes ${covered} to ${dataBytes}, after the last tensor, belong to no tensor`);
  }
}

/** Keys such as `constructor` are then absent unless the file has them. `JSON.parse` makes `__proto__` a plain key. */
function withoutPrototype<T extends object>(parsed: T): T {
  return Object.setPrototypeOf(parsed, null);
}

function isDType(value: unknown): value is DType {
  return typeof value === 'string' && Object.hasOwn(ELEMENT_BYTES, value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
