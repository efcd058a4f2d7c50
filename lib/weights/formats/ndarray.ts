// NumPy's arrays in a pickle: what they are rebuilt by, and what is rebuilt. Their data stay views of the pickle.

import { quote, refuse } from '../refuse.js';
import { inTurns } from '../turns.js';
import type { WeightsFile } from './file.js';
import { PickleFunction, PickleText, PickleTuple, plain, Stateful } from './pickle-values.js';
import { rowMajor, rowMajorStrides } from './strides.js';
import { byteLength, type DType, ELEMENT_BYTES, type Tensor } from './tensors.js';

/** NumPy's own limit. */
const MAX_RANK = 64;

/** The types of elements that a network may have. */
export const NUMPY_DTYPES: Record<string, DType> = {
  f8: 'F64',
  f4: 'F32',
  f2: 'F16',
  i8: 'I64',
  i4: 'I32',
  i2: 'I16',
  i1: 'I8',
  u8: 'U64',
  u4: 'U32',
  u2: 'U16',
  u1: 'U8',
  b1: 'BOOL',
};

/** A type of elements, by NumPy's code for it, and whether its bytes are in the other order. */
class ElementType extends Stateful {
  readonly code: string;
  bigEndian = false;

  constructor(code: string) {
    super();
    this.code = code;
  }

  /** (version, byte order, …) */
  setState(state: unknown): void {
    this.bigEndian = state instanceof PickleTuple && state.items[1] === '>';
  }
}

/** Bytes, as Python 2 or 3 has them in a pickle of either. */
type Bytes = Uint8Array | PickleText | string;

/** An array; without any elements until it is given them. */
export class NdArray extends Stateful {
  shape: number[] = [0];
  type = new ElementType('');
  fortran = false;
  data: unknown;
  /** The byte of the file where it is made. */
  readonly place: number;
  readonly #fail: (problem: string) => never;

  constructor(file: WeightsFile, place: number) {
    super();
    this.place = place;
    this.#fail = (problem) => refuse(file.path, problem, { offset: place });
  }

  /** (version, shape, type, whether in Fortran order, data), and without a version before NumPy 1. */
  setState(state: unknown): void {
    const items = state instanceof PickleTuple ? state.items : [];
    const [shape, type, fortran, data] = items.slice(-4);
    this.set(shape, type, fortran === true || fortran === 1, data);
  }

  set(shape: unknown, type: unknown, fortran: boolean, data: unknown): void {
    const sizes = plain(shape);
    if (!(type instanceof ElementType)) this.#fail('has an array of no type');
    if (!Array.isArray(sizes) || sizes.length > MAX_RANK || !sizes.every(isSize)) {
      this.#fail(`has an array of shape ${quote(sizes)}`);
    }
    this.shape = [...sizes];
    this.type = type;
    this.fortran = fortran;
    this.data = data;
  }

  /** What an array of Python's objects holds; undefined for any other. */
  get objects(): unknown[] | undefined {
    return Array.isArray(this.data) ? this.data : undefined;
  }

  /** Whether it is of numbers. */
  get isNumeric(): boolean {
    return Object.hasOwn(NUMPY_DTYPES, this.type.code);
  }

  /** Of numbers. @throws WeightsError when its data are not what shape and type need */
  async tensor(file: WeightsFile): Promise<Tensor> {
    const { shape, type, place } = this;
    const dtype = NUMPY_DTYPES[type.code]!;
    const needed =
      byteLength(dtype, shape) ?? this.#fail(`has an array of shape ${quote(shape)}, which overflows`);
    if (type.bigEndian && ELEMENT_BYTES[dtype] > 1) this.#fail('has an array that is not little-endian');
    const bytes = await this.#bytes(this.data as Bytes, needed, file);
    if (bytes.length !== needed) {
      this.#fail(
        `has an array of ${dtype} ${quote(shape)} that needs ${needed} bytes, but has ${bytes.length}`,
      );
    }
    if (!this.fortran || shape.length < 2 || needed === 0) return { dtype, shape, data: bytes };
    file.claim(needed, place);
    const strides = rowMajorStrides(shape.toReversed()).reverse();
    return { dtype, shape, data: await rowMajor(bytes, ELEMENT_BYTES[dtype], shape, strides) };
  }

  async #bytes(data: Bytes, needed: number, file: WeightsFile): Promise<Uint8Array> {
    if (data instanceof Uint8Array) return data;
    if (typeof data === 'string') return new Uint8Array(Buffer.from(data, 'latin1'));
    if (!(data instanceof PickleText)) return this.#fail('has an array without data');
    if (needed > data.utf8.length)
      return this.#fail(`has an array that needs ${needed} bytes of shorter text`);
    file.claim(needed, this.place);
    return latin1Of(data.utf8, needed);
  }
}

/** The first `length` letters of a text, each of which becomes a byte. */
async function latin1Of(utf8: Uint8Array, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  await inTurns(length, (begin, end) => {
    for (let i = begin; i < end; i++) {
      const byte = utf8[at++]!;
      bytes[i] = byte < 0x80 ? byte : ((byte & 3) << 6) | (utf8[at++]! & 0x3f);
    }
  });
  return bytes.subarray(0, at === utf8.length ? length : 0);
}

/** The names that arrays are rebuilt by. */
export function numpyGlobals(file: WeightsFile, place: (index: number) => number): [string, unknown][] {
  const array = (index: number) => new NdArray(file, place(index));
  const reconstruct = new PickleFunction((_, index) => array(index));
  const fromBuffer = new PickleFunction(([data, type, shape, order], index) => {
    const made = array(index);
    made.set(shape, type, order === 'F', data);
    return made;
  });
  const encode = new PickleFunction(([text]) => text); // as latin1: its letters are its bytes
  const dtype = new PickleFunction(([code]) => new ElementType(typeof code === 'string' ? code : ''));
  return [
    ['numpy.ndarray', null], // is named, but not called
    ['numpy.dtype', dtype],
    ['_codecs.encode', encode],
    ...['numpy.core', 'numpy._core'].flatMap((core): [string, unknown][] => [
      [`${core}.multiarray._reconstruct`, reconstruct],
      [`${core}.numeric._frombuffer`, fromBuffer],
    ]),
  ];
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
