// MATLAB's .mat files of version 5 and later, of nested structs, cells and arrays. No library reads them without trust:
// lengths are taken from the file. Version 7.3 is HDF5, and read by hdf5.ts into the same names.

import { createInflate } from 'node:zlib';
import { quote, refuse } from '../refuse.js';
import { WeightsFile } from './file.js';
import { nameConvolutions } from './matconvnet.js';
import { numberAt } from './numbers.js';
import { type DType, ELEMENT_BYTES, type Tensor, type TensorFile } from './tensors.js';

const HEADER_BYTES = 128;
const MAX_DEPTH = 32;
const MAX_NAME_LENGTH = 1000;

/** Values: VGG-19 with its classes has some thousands. */
const MAX_VALUES = 100_000;

/** Types of what is stored. */
const STORED: Record<number, DType> = {
  1: 'I8',
  2: 'U8',
  3: 'I16',
  4: 'U16',
  5: 'I32',
  6: 'U32',
  7: 'F32',
  9: 'F64',
  12: 'I64',
  13: 'U64',
  16: 'U8', // UTF-8
  17: 'U16', // UTF-16
};
const MATRIX = 14;
const COMPRESSED = 15;

/** Classes of arrays. */
const CELL = 1;
const STRUCT = 2;
const OBJECT = 3;
const CHARACTERS = 4;
const NUMBERS: Record<number, DType> = {
  6: 'F64',
  7: 'F32',
  8: 'I8',
  9: 'U8',
  10: 'I16',
  11: 'U16',
  12: 'I32',
  13: 'U32',
  14: 'I64',
  15: 'U64',
};

/**
 * Reads all arrays of numbers, and as metadata the text. Names are the ways to them: field `x` of a struct is `/x`, the
 * first element of a cell or of an array of structs `/0`. What a network of MatConvNet has for its convolutions is
 * named after them, see nameConvolutions(). MATLAB counts the first index fastest, so shapes are given reversed:
 * a kernel of height × width × inputs × outputs has the shape [outputs, inputs, width, height].
 *
 * @throws WeightsError when the file cannot be read or breaks the format in any way.
 */
export function readMatlab(path: string): Promise<TensorFile> {
  return WeightsFile.use(path, async (file) => {
    const bytes = await file.read(0, file.size);
    const view = new DataView(bytes.buffer);
    if (file.size < HEADER_BYTES || view.getUint16(126, true) !== 0x4d49) {
      refuse(path, 'is no little-endian MATLAB file of version 5', { offset: Math.min(126, file.size) });
    }
    const arrays = new Arrays(file, bytes);
    for (let at = HEADER_BYTES; at < bytes.length; ) {
      const top = new Elements(bytes, at, bytes.length, (index, problem) =>
        refuse(path, problem, { offset: index }),
      );
      const { type, start, end } = top.next();
      if (type === COMPRESSED) {
        const place = at;
        const inflated = await inflate(file, bytes.subarray(start, end), place);
        const inner = new Elements(inflated, 0, inflated.length, (index, problem) =>
          refuse(path, `${problem}, ${index} bytes into compressed data`, { offset: place }),
        );
        arrays.add(inner, inner.next(), '');
      } else arrays.add(top, { type, start, end }, '');
      at = type === COMPRESSED ? end : top.at; // what is compressed is not padded
    }
    return nameConvolutions({ metadata: arrays.text, tensors: arrays.tensors });
  });
}

/** One element: its tag says how long it is, so no more memory is taken than that. */
async function inflate(file: WeightsFile, compressed: Uint8Array, offset: number): Promise<Uint8Array> {
  const stream = createInflate();
  stream.end(compressed);
  let found = Buffer.alloc(0);
  let inflated: Uint8Array | undefined;
  let filled = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      let from = chunk;
      if (!inflated) {
        found = from = Buffer.concat([found, chunk]);
        if (found.length < 8) continue;
        const length = 8 + found.readUInt32LE(4);
        file.claim(length, offset);
        inflated = new Uint8Array(length);
      }
      if (from.length > inflated.length - filled) {
        refuse(file.path, 'has more compressed data than it says', { offset });
      }
      inflated.set(from, filled);
      filled += from.length;
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (!code?.startsWith('Z_')) throw cause;
    refuse(file.path, `has damaged compressed data: ${(cause as Error).message}`, { offset, cause });
  }
  if (!inflated || filled < inflated.length) {
    refuse(file.path, 'has less compressed data than it says', { offset });
  }
  return inflated;
}

interface Element {
  type: number;
  start: number;
  end: number;
}

type Fault = (index: number, problem: string) => never;

/** Elements one after the other: 8 bytes of type and length, then the data, padded to 8 bytes; or short ones in 8. */
class Elements {
  readonly bytes: Uint8Array;
  readonly bad: Fault;
  readonly end: number;
  at: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, start: number, end: number, bad: Fault) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.bad = bad;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  next(): Element {
    const { at, end } = this;
    if (end - at < 8) this.bad(at, 'ends within an element');
    const first = this.#view.getUint32(at, true);
    const short = first >>> 16;
    if (short > 4) this.bad(at, `has a short element of ${short} bytes`);
    const type = short > 0 ? first & 0xffff : first;
    const length = short > 0 ? short : this.#view.getUint32(at + 4, true);
    const start = short > 0 ? at + 4 : at + 8;
    if (length > end - start)
      this.bad(at, `has an element of ${length} bytes, but only ${end - start} follow`);
    this.at = short > 0 ? at + 8 : Math.min(start + Math.ceil(length / 8) * 8, end);
    return { type, start, end: start + length };
  }

  within({ start, end }: Element): Elements {
    return new Elements(this.bytes, start, end, this.bad);
  }

  integers({ start, end }: Element): number[] {
    const numbers: number[] = [];
    for (let at = start; at + 4 <= end; at += 4) numbers.push(this.#view.getInt32(at, true));
    return numbers;
  }

  text({ start, end }: Element): string {
    if (end - start > MAX_NAME_LENGTH) this.bad(start, `has a name of ${end - start} bytes`);
    return Buffer.from(this.bytes.subarray(start, end)).toString('latin1').replace(/\0.*$/s, '');
  }
}

class Arrays {
  readonly text: Record<string, string> = Object.create(null);
  readonly tensors = new Map<string, Tensor>();
  #values = 0;
  readonly #file: WeightsFile;
  readonly #whole: Uint8Array;

  constructor(file: WeightsFile, whole: Uint8Array) {
    this.#file = file;
    this.#whole = whole;
  }

  /** Takes in the array that `element` is, and all that are within it. */
  add(from: Elements, element: Element, way: string, depth = 0): void {
    const bad = (problem: string) => from.bad(element.start, problem);
    if (element.type !== MATRIX) bad(`has an element of type ${element.type}, not an array`);
    if (element.end === element.start) return; // an empty one may have no content at all
    if (++this.#values > MAX_VALUES) bad(`has more than ${MAX_VALUES} values`);
    if (depth > MAX_DEPTH) bad(`has arrays within arrays ${MAX_DEPTH} deep`);
    const parts = from.within(element);
    const flags = parts.integers(parts.next())[0] ?? 0;
    const kind = flags & 0xff;
    if (kind > 15 || kind === 5) return; // functions and sparse matrices
    const sizeElement = parts.next();
    if (sizeElement.end - sizeElement.start > 4 * 64) bad('has more than 64 sizes');
    const sizes = parts.integers(sizeElement);
    const name = parts.text(parts.next());
    const here = way === '' ? name : way;
    let count = 1;
    for (const size of sizes) count *= Math.max(size, 0);
    if (sizes.some((size) => size < 0) || !Number.isSafeInteger(count)) bad(`has sizes ${quote(sizes)}`);
    if (here.length > MAX_NAME_LENGTH) bad('has a name that is too long');

    if (kind === CELL) {
      for (let i = 0; i < count; i++) this.add(parts, parts.next(), `${here}/${i}`, depth + 1);
    } else if (kind === STRUCT || kind === OBJECT) this.#struct(parts, kind, count, here, depth);
    else if (kind === CHARACTERS) this.#characters(parts, here);
    else if (Object.hasOwn(NUMBERS, kind)) this.#numbers(parts, NUMBERS[kind]!, sizes, count, here);
    else bad(`has an array of class ${kind}`);
  }

  #struct(parts: Elements, kind: number, count: number, way: string, depth: number): void {
    if (kind === OBJECT) parts.next(); // the name of its class
    const lengths = parts.next();
    const length = parts.integers(lengths)[0] ?? 0;
    const names = parts.next();
    if (length < 1 || length > MAX_NAME_LENGTH)
      parts.bad(lengths.start, `has field names of ${length} bytes`);
    const fields: string[] = [];
    for (let start = names.start; start + length <= names.end; start += length) {
      fields.push(parts.text({ type: names.type, start, end: start + length }));
    }
    if (fields.length === 0) return;
    for (let i = 0; i < count; i++) {
      const element = count === 1 ? way : `${way}/${i}`;
      for (const field of fields) this.add(parts, parts.next(), `${element}/${field}`, depth + 1);
    }
  }

  #characters(parts: Elements, way: string): void {
    const { type, start, end } = parts.next();
    const bytes = Buffer.from(parts.bytes.subarray(start, Math.min(end, start + MAX_NAME_LENGTH)));
    this.text[way] = bytes.toString(type === 4 || type === 17 ? 'utf16le' : 'utf8');
  }

  #numbers(parts: Elements, dtype: DType, sizes: number[], count: number, way: string): void {
    const { type, start, end } = parts.next();
    const stored = STORED[type] ?? parts.bad(start, `has numbers of type ${type}`);
    const needed = count * ELEMENT_BYTES[stored];
    if (needed !== end - start) {
      parts.bad(
        start,
        `${quote(way)} of sizes ${quote(sizes)} needs ${needed} bytes, but has ${end - start}`,
      );
    }
    if (this.tensors.has(way)) parts.bad(start, `has ${quote(way)} twice`);
    const shape = sizes.toReversed();
    const data = parts.bytes.subarray(start, end);
    if (stored === dtype || (dtype !== 'F32' && dtype !== 'F64')) {
      this.tensors.set(way, { dtype: stored, shape, data });
      return;
    }
    const place = parts.bytes.buffer === this.#whole.buffer ? start : HEADER_BYTES;
    this.#file.claim(count * ELEMENT_BYTES[dtype], place);
    this.tensors.set(way, { dtype, shape, data: widened(data, stored, dtype, count) });
  }
}

/** MATLAB stores floats that are small integers, such as zeros, as integers. */
function widened(data: Uint8Array, stored: DType, dtype: 'F32' | 'F64', count: number): Uint8Array {
  const from = new DataView(data.buffer, data.byteOffset, data.length);
  const to = new DataView(new ArrayBuffer(count * ELEMENT_BYTES[dtype]));
  for (let i = 0; i < count; i++) {
    const value = numberAt(from, stored, i);
    if (dtype === 'F32') to.setFloat32(i * 4, value, true);
    else to.setFloat64(i * 8, value, true);
  }
  return new Uint8Array(to.buffer);
}
