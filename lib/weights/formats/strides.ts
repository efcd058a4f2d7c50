// Arrays that lie in memory otherwise than row by row: in Fortran order, transposed, or as a view into a larger one.

import { inTurns } from '../turns.js';

/**
 * The elements of a strided array in row-major order, in new memory.
 *
 * @param data what the array lies in; every element must be within it
 * @param elementBytes bytes of an element
 * @param shape no size may be 0
 * @param strides in elements, as many as sizes
 * @param offset of the first element, in elements
 */
export async function rowMajor(
  data: Uint8Array,
  elementBytes: number,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): Promise<Uint8Array> {
  // Moved by the largest words that data is aligned to; an element of several is one more, innermost axis.
  const bytes = [4, 2, 1].find((size) => elementBytes % size === 0 && data.byteOffset % size === 0)!;
  const words = elementBytes / bytes;
  const sizes = words > 1 ? [...shape, words] : shape;
  const steps = words > 1 ? [...strides.map((stride) => stride * words), 1] : strides;
  const Words = { 4: Uint32Array, 2: Uint16Array, 1: Uint8Array }[bytes as 4 | 2 | 1];
  const ordered = new Words(sizes.reduce((product, size) => product * size, 1));
  const from = new Words(data.buffer as ArrayBuffer, data.byteOffset, Math.floor(data.length / bytes));
  await gather(from, sizes, steps, offset * words, ordered);
  return new Uint8Array(ordered.buffer);
}

type Words = Uint32Array | Uint16Array | Uint8Array;

async function gather(
  from: Words,
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
  to: Words,
): Promise<void> {
  const last = shape.length - 1;
  const row = shape[last] ?? 1;
  const step = strides[last] ?? 1;
  const index = shape.map(() => 0);
  let start = offset;
  const nextRow = () => {
    for (let axis = last - 1; axis >= 0; axis--) {
      start += strides[axis]!;
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      start -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  };
  let column = 0;
  await inTurns(to.length, (begin, end) => {
    for (let done = begin; done < end; ) {
      const until = Math.min(end, done + row - column);
      column += until - done;
      for (let at = start + (column - until + done) * step; done < until; at += step) to[done++] = from[at]!;
      if (column < row) continue;
      column = 0;
      nextRow();
    }
  });
}

/** The strides, in elements, of an array whose elements lie one after the other, the last index fastest. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides: number[] = [];
  for (let axis = shape.length - 1, stride = 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}
