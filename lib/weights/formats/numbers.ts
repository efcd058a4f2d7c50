// The numbers of a tensor, whatever their type.

import { inTurns } from '../turns.js';
import { type DType, ELEMENT_BYTES, type EngineTensor, type Tensor } from './tensors.js';

/** A tensor of float32 in memory of its own. */
export async function asFloats({ dtype, shape, data }: Tensor): Promise<EngineTensor> {
  if (dtype === 'F32') {
    const copy = new Uint8Array(data.length);
    await inTurns(data.length, (start, end) => copy.set(data.subarray(start, end), start));
    return { dtype, shape, data: copy };
  }
  const from = new DataView(data.buffer, data.byteOffset, data.length);
  const to = new DataView(new ArrayBuffer((data.length / ELEMENT_BYTES[dtype]) * 4));
  await inTurns(to.byteLength / 4, (start, end) => {
    for (let i = start; i < end; i++) to.setFloat32(i * 4, numberAt(from, dtype, i), true);
  });
  return { dtype: 'F32', shape, data: new Uint8Array(to.buffer) };
}

/** Element `index` of what `view` shows, as the nearest double. */
export function numberAt(view: DataView, dtype: DType, index: number): number {
  switch (dtype) {
    case 'F64':
      return view.getFloat64(index * 8, true);
    case 'F32':
      return view.getFloat32(index * 4, true);
    case 'F16':
      return fromHalf(view.getUint16(index * 2, true));
    case 'BF16':
      return fromBits(view.getUint16(index * 2, true) * 0x10000);
    case 'I64':
      return Number(view.getBigInt64(index * 8, true));
    case 'U64':
      return Number(view.getBigUint64(index * 8, true));
    case 'I32':
      return view.getInt32(index * 4, true);
    case 'U32':
      return view.getUint32(index * 4, true);
    case 'I16':
      return view.getInt16(index * 2, true);
    case 'U16':
      return view.getUint16(index * 2, true);
    case 'I8':
      return view.getInt8(index);
    case 'U8':
    case 'BOOL':
      return view.getUint8(index);
  }
}

const scratch = new DataView(new ArrayBuffer(4));

function fromBits(bits: number): number {
  scratch.setUint32(0, bits);
  return scratch.getFloat32(0);
}

function fromHalf(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}
