// Arrays that lie in memory otherwise than row by row: in Fortran order, transposed, or as a view into a larger one.

/**
 * The elements of a strided array in row-major order, in new memory.
 *
 * @param data what the array lies in; every element must be within it
 * @param elementBytes bytes of an element
 * @param shape no size may be 0
 * @param strides in elements, as many as sizes
 * @param offset of the first element, in elements
 */
export function rowMajor(
  data: Uint8Array,
  elementBytes: number,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): Uint8Array {
  const last = shape.length - 1;
  const row = shape[last] ?? 1;
  const step = (strides[last] ?? 1) * elementBytes;
  const ordered = new Uint8Array(shape.reduce((product, size) => product * size, elementBytes));
  const index = shape.map(() => 0);
  for (let to = 0, start = offset * elementBytes; to < ordered.length; ) {
    for (let i = 0, from = start; i < row; i++, from += step) {
      for (let byte = 0; byte < elementBytes; byte++) ordered[to++] = data[from + byte]!;
    }
    for (let axis = last - 1; axis >= 0; axis--) {
      start += strides[axis]! * elementBytes;
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      start -= strides[axis]! * shape[axis]! * elementBytes;
      index[axis] = 0;
    }
  }
  return ordered;
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
