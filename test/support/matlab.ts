// MATLAB's .mat files of version 5 for tests: arrays, text, cells and structs, compressed or not.

import { deflateSync } from 'node:zlib';
import type { DType, Tensor } from '../../dist/weights/formats/tensors.js';

/** A cell is a list, a struct a Map, and so is what is at the top, of variables. Tensors have their shape reversed. */
export type MatlabValue = Tensor | string | MatlabValue[] | Map<string, MatlabValue>;

const CLASSES: Partial<Record<DType, number>> = { F64: 6, F32: 7, I8: 8, U8: 9, I32: 12 };
const TYPES: Partial<Record<DType, number>> = { I8: 1, U8: 2, I32: 5, F32: 7, F64: 9 };

/** `variables` as they are, or already made arrays of. */
export function encodeMatlab(
  variables: Map<string, MatlabValue> | Uint8Array[],
  compress = false,
): Uint8Array {
  const header = Buffer.alloc(128, ' ');
  header.write('MATLAB 5.0 MAT-file, for tests');
  header.fill(0, 116, 124);
  header.writeUInt16LE(0x0100, 124);
  header.write('IM', 126);
  const matrices = Array.isArray(variables)
    ? variables
    : Array.from(variables, ([name, value]) => matrixOf(value, name));
  const elements = matrices.map((matrix) => (compress ? element(15, deflateSync(matrix), false) : matrix));
  return Buffer.concat([header, ...elements]);
}

/** An element: short ones within 8 bytes, as MATLAB has them. */
export function element(type: number, data: Uint8Array, padded = true): Uint8Array {
  if (padded && data.length > 0 && data.length <= 4) {
    const short = Buffer.alloc(8);
    short.writeUInt16LE(type, 0);
    short.writeUInt16LE(data.length, 2);
    short.set(data, 4);
    return short;
  }
  const tag = Buffer.alloc(8);
  tag.writeUInt32LE(type, 0);
  tag.writeUInt32LE(data.length, 4);
  return Buffer.concat([tag, data, Buffer.alloc(padded ? (8 - (data.length % 8)) % 8 : 0)]);
}

/** An array with this content; `storedAs` is the type of its numbers if that is another than its own. */
export function matrixOf(value: MatlabValue, name = ''): Uint8Array {
  if (typeof value === 'string') {
    return matrix(4, [1, value.length], name, [element(17, Buffer.from(value, 'utf16le'))]);
  }
  if (Array.isArray(value)) {
    return matrix(
      1,
      [1, value.length],
      name,
      value.map((item) => matrixOf(item)),
    );
  }
  if (value instanceof Map) {
    const names = Buffer.alloc(32 * value.size);
    for (const [i, key] of [...value.keys()].entries()) names.write(key, 32 * i);
    const fields = [element(5, int32(32)), element(1, names)];
    return matrix(2, [1, 1], name, [...fields, ...Array.from(value.values(), (item) => matrixOf(item))]);
  }
  const { dtype, shape, data } = value;
  return matrix(CLASSES[dtype]!, shape.toReversed(), name, [element(TYPES[dtype]!, data)]);
}

/** An array of a class, made of the elements that follow its name. */
export function matrix(kind: number, sizes: number[], name: string, parts: Uint8Array[]): Uint8Array {
  const flags = element(6, int32(kind, 0));
  const text = element(1, Buffer.from(name));
  return element(14, Buffer.concat([flags, element(5, int32(...sizes)), text, ...parts]));
}

export function int32(...values: number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values).buffer);
}
