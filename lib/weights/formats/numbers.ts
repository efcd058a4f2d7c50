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

/** The bits of 65504 as float32: the largest number that a half has. */
const LARGEST_HALF = 0x477fe000;

/**
 * A tensor of halves, rounded to the nearest, which is half the bytes of float32; it stays in float32 if a number of it is
 * too large for a half, or none. Both kinds of halves stay as they are.
 */
export async function asHalves(tensor: Tensor): Promise<EngineTensor> {
  if (tensor.dtype === 'F16' || tensor.dtype === 'BF16') return tensor as EngineTensor;
  const floats = tensor.dtype === 'F32' ? (tensor as EngineTensor) : await asFloats(tensor);
  const from = new DataView(floats.data.buffer, floats.data.byteOffset, floats.data.length);
  const to = new DataView(new ArrayBuffer(floats.data.length / 2));
  let fits = true;
  await inTurns(to.byteLength / 2, (start, end) => {
    for (let i = start; i < end; i++) {
      const bits = from.getUint32(i * 4, true);
      if ((bits & 0x7fffffff) > LARGEST_HALF) fits = false;
      to.setUint16(i * 2, toHalf(bits), true);
    }
  });
  return fits ? { dtype: 'F16', shape: tensor.shape, data: new Uint8Array(to.buffer) } : floats;
}

/** The bits of the half that is nearest to a float32's, ties to even; of one that it has. */
function toHalf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size >= 0x38800000) return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
  // Below 2^-14 halves are whole numbers of 2^-24.
  scratch.setUint32(0, size);
  const steps = scratch.getFloat32(0) * 2 ** 24;
  const down = Math.floor(steps);
  const rest = steps - down;
  return sign | (rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down);
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
