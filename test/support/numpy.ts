// NumPy's formats for tests.

import type { DType, Tensor } from '../../dist/weights/formats/tensors.js';
import { called, instructions, named, pickle, type Raw, raw, tuple } from './pytorch.js';
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

/** How bytes are in a pickle: as Python 2 has them, as Python 3 has them for Python 2, and as it has its own. */
export type BytesStyle = 'string' | 'encoded' | 'bytes';

function bytesIn(data: Uint8Array, style: BytesStyle): Raw {
  const length = Buffer.alloc(4);
  if (style === 'encoded') {
    return called('_codecs', 'encode', Buffer.from(data).toString('latin1'), 'latin1');
  }
  length.writeUInt32LE(data.length);
  return raw(style === 'string' ? 'T' : 'B', length, data);
}

function elementType(descr: string): Raw {
  const [order, code] = [descr[0]!, descr.slice(1)];
  const state = tuple(3, order, null, null, null, -1, -1, 0);
  return raw(called('numpy', 'dtype', code, false, true).bytes, state.bytes, 'b');
}

/** An array in a pickle. The data goes in as it is, also where `fortran` says that it lies column by column. */
export function ndarray(
  { dtype, shape, data }: Tensor,
  style: BytesStyle = 'bytes',
  { fortran = false, descr = DESCR[dtype]!, core = 'numpy.core' } = {},
): Raw {
  return arrayOf(shape, elementType(descr), fortran, bytesIn(data, style), core);
}

function arrayOf(shape: number[], type: Raw, fortran: boolean, data: unknown, core = 'numpy.core'): Raw {
  const made = called(`${core}.multiarray`, '_reconstruct', named('numpy', 'ndarray'), tuple(0), 'b');
  return raw(made.bytes, tuple(1, tuple(...shape), type, fortran, data).bytes, 'b');
}

/** What numpy.save() writes of an object that is no array. */
export function encodeObjectNpy(object: unknown): Uint8Array {
  const header = `{'descr': '|O', 'fortran_order': False, 'shape': (), }`;
  return npyWith(header, pickle(arrayOf([], elementType('|O8'), false, [raw(instructions(object))])));
}

/** A dictionary of weights and biases by layers, as the VGGs of TensorFlow's early days are. */
export function layersOf(tensors: Iterable<[string, Tensor]>, style: BytesStyle): Map<string, unknown> {
  const layers = new Map<string, Raw[]>();
  for (const [name, tensor] of tensors) {
    const layer = name.split('.')[0]!;
    layers.set(layer, [...(layers.get(layer) ?? []), ndarray(tensor, style)]);
  }
  return layers;
}
