// What every reader of a weights file gives: named arrays, as the file has them.

/** Bytes of an element; the names are those of safetensors. */
export const ELEMENT_BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
} as const;

/** The element types that a file may hold. */
export type DType = keyof typeof ELEMENT_BYTES;

/** The element types that the engine understands. */
export type EngineDType = 'F32' | 'F16' | 'BF16';

/** One named array: `data` holds product(shape) little-endian elements in row-major (C) order, at any alignment. */
export interface Tensor<D extends DType = DType> {
  dtype: D;
  shape: number[];
  data: Uint8Array;
}

/** A tensor that the engine can take. */
export type EngineTensor = Tensor<EngineDType>;

export function isEngineTensor(tensor: Tensor): tensor is EngineTensor {
  return tensor.dtype === 'F32' || tensor.dtype === 'F16' || tensor.dtype === 'BF16';
}

/** What a file holds. `metadata` has no prototype, so any key can be looked up in it. */
export interface TensorFile {
  metadata: Record<string, string>;
  tensors: Map<string, Tensor>;
  /** Names of what Python would have called or built, where a file has such. Nothing of it was. */
  passedOver?: string[] | undefined;
  /** How the convolutions are padded, where the file says so and it is not by zeros: `reflect`. */
  padding?: string | undefined;
}

/** Product of the sizes times the bytes of an element; undefined where that is no safe integer, even by a factor of 0. */
export function byteLength(dtype: DType, shape: readonly number[]): number | undefined {
  let bytes: number = ELEMENT_BYTES[dtype];
  for (const size of shape) {
    bytes *= Math.max(size, 1);
    if (!Number.isSafeInteger(bytes)) return undefined;
  }
  return shape.includes(0) ? 0 : bytes;
}
