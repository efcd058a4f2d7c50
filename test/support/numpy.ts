// NumPy's formats for tests.

import type { DType, Tensor } from '../../dist/weights/formats/tensors.js';
import { encodeZip } from './zip.js';

const DESCR: Partial<Record<DType, string>> = {
  F64: '<f8',
  F32: '<f4',
  F16: '<f2',
  I64: '<i8',
  I32: '<i4',
  I16: '<i2',
  I8: '|i1',
  U64: '<u8',
  U32: '<u4',
  U16: '<u2',
  U8: '|u1',
  BOOL: '|b1',
};

/** An array with this header, whatever it is; the data starts 64-byte aligned. */
export function npyWith(header: string, data: Uint8Array, version = 1): Uint8Array {
  const start = version === 1 ? 10 : 12;
  const padded = `${header.padEnd(Math.ceil((start + header.length + 1) / 64) * 64 - start - 1)}\n`;
  const prefix = Buffer.alloc(start);
  prefix.write('\x93NUMPY', 'latin1');
  prefix[6] = version;
  if (version === 1) prefix.writeUInt16LE(padded.length, 8);
  else prefix.writeUInt32LE(padded.length, 8);
  return Buffer.concat([prefix, Buffer.from(padded, 'latin1'), data]);
}

/** The data goes into the file as it is, also where `fortran` says that it lies column by column. */
export function encodeNpy({ dtype, shape, data }: Tensor, fortran = false, version = 1): Uint8Array {
  const sizes = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const order = fortran ? 'True' : 'False';
  return npyWith(
    `{'descr': '${DESCR[dtype]}', 'fortran_order': ${order}, 'shape': ${sizes}, }`,
    data,
    version,
  );
}

export function encodeNpz(tensors: Iterable<[string, Tensor]>, compress = false): Uint8Array {
  return encodeZip(
    Array.from(tensors, ([name, tensor]) => ({ name: `${name}.npy`, bytes: encodeNpy(tensor), compress })),
  );
}
