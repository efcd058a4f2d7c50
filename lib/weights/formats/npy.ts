// NumPy's .npy arrays: a magic string, a version, a header that is a Python dictionary, then the elements or, for
// objects, a pickle of them. The header is parsed as the few literals that it may consist of, never evaluated.
// Libraries for it take more on trust.

import { quote, refuse } from '../refuse.js';
import { WeightsFile } from './file.js';
import { NUMPY_DTYPES } from './ndarray.js';
import { unpickleArrays } from './pickled.js';
import { rowMajor, rowMajorStrides } from './strides.js';
import { byteLength, type DType, ELEMENT_BYTES, type TensorFile } from './tensors.js';

const MAGIC = '\x93NUMPY';

/** NumPy itself distrusts headers of more than 10 000 bytes. */
const MAX_HEADER_BYTES = 10_000;

/** NumPy's own limit. */
const MAX_RANK = 64;

/** The type of an array of Python's objects, which is a pickle. */
const OBJECTS = 'O';

/**
 * Reads an array of little-endian numbers, named `arr_0`, as NumPy names one that was given no name; or what arrays
 * there are in an array of Python's objects, as numpy.save() writes a dictionary, by the keys that lead to them.
 *
 * @throws WeightsError when the file cannot be read or breaks the format in any way.
 */
export function readNpy(path: string): Promise<TensorFile> {
  return WeightsFile.use(path, async (file) => {
    const bytes = await file.read(0, file.size);
    const { tensors, passedOver } = await parseNpy(bytes, file, (index) => index);
    if (tensors.has(''))
      return { metadata: Object.create(null), tensors: new Map([['arr_0', tensors.get('')!]]) };
    return { metadata: Object.create(null), tensors, passedOver };
  });
}

/**
 * The array that `bytes` consist of, by the name ''; or those of its objects. `place` gives the byte of the file that an
 * index of them comes from. An array in Fortran order is copied; any other's data is a view of `bytes`.
 */
export async function parseNpy(
  bytes: Uint8Array,
  file: WeightsFile,
  place: (index: number) => number,
): Promise<Pick<TensorFile, 'tensors' | 'passedOver'>> {
  const bad: Fault = (problem, index) => refuse(file.path, problem, { offset: place(index) });
  const { header, dataStart } = readHeader(bytes, bad);
  const { dtype, shape, fortran } = header;
  if (dtype === OBJECTS) return unpickleArrays(bytes, dataStart, file, place);
  const needed = byteLength(dtype, shape) ?? bad(`has shape ${quote(shape)}, which overflows`, 0);
  if (needed !== bytes.length - dataStart) {
    bad(`${dtype} ${quote(shape)} needs ${needed} bytes, but ${bytes.length - dataStart} follow`, dataStart);
  }
  const data = bytes.subarray(dataStart);
  if (!fortran || shape.length < 2 || needed === 0)
    return { tensors: new Map([['', { dtype, shape, data }]]) };
  file.claim(needed, place(0));
  const strides = rowMajorStrides(shape.toReversed()).reverse();
  const ordered = await rowMajor(data, ELEMENT_BYTES[dtype], shape, strides);
  file.release(bytes.length); // the one copied from
  return { tensors: new Map([['', { dtype, shape, data: ordered }]]) };
}

function readHeader(bytes: Uint8Array, bad: Fault): { header: Header; dataStart: number } {
  const text = (start: number, end: number) => Buffer.from(bytes.subarray(start, end)).toString('latin1');
  if (text(0, 6) !== MAGIC) bad('is no NumPy array: it does not start with \\x93NUMPY', 0);
  const version = bytes[6];
  if (version !== 1 && version !== 2 && version !== 3) bad(`has .npy version ${version}, not 1 to 3`, 6);
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start) bad('ends within the header of a NumPy array', bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const headerBytes = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (headerBytes > MAX_HEADER_BYTES) {
    bad(`has a NumPy header of ${headerBytes} bytes, more than the limit of ${MAX_HEADER_BYTES}`, 8);
  }
  const dataStart = start + headerBytes;
  if (dataStart > bytes.length) {
    bad(`has a NumPy header of ${headerBytes} bytes, but only ${bytes.length - start} follow`, 8);
  }
  return { header: new HeaderParser(text(start, dataStart), start, bad).parse(), dataStart };
}

interface Header {
  dtype: DType | typeof OBJECTS;
  fortran: boolean;
  shape: number[];
}

type Fault = (problem: string, index: number) => never;

/** The header of an array: {'descr': '<f4', 'fortran_order': False, 'shape': (64, 3, 3, 3), }, in any order. */
class HeaderParser {
  #index = 0;
  readonly #text: string;
  readonly #start: number;
  readonly #bad: Fault;

  constructor(text: string, start: number, bad: Fault) {
    this.#text = text;
    this.#start = start;
    this.#bad = bad;
  }

  parse(): Header {
    let dtype: Header['dtype'] | undefined;
    let fortran: boolean | undefined;
    let shape: number[] | undefined;
    this.#take(/\{/y);
    while (!this.#has(/\}/y)) {
      const key = this.#string();
      this.#take(/:/y);
      if (key === 'descr' && dtype === undefined) dtype = this.#dtype();
      else if (key === 'fortran_order' && fortran === undefined) {
        fortran = this.#take(/True|False/y)[0] === 'True';
      } else if (key === 'shape' && shape === undefined) shape = this.#shape();
      else this.#fail(`has ${quote(key)} twice or for nothing`);
      if (!this.#has(/,/y)) {
        this.#take(/\}/y);
        break;
      }
    }
    if (this.#index < this.#text.length && !this.#has(/$/y)) this.#fail('goes on after its dictionary');
    if (dtype === undefined || fortran === undefined || shape === undefined) {
      return this.#fail('lacks one of descr, fortran_order and shape');
    }
    return { dtype, fortran, shape };
  }

  #dtype(): Header['dtype'] {
    if (!this.#is(/\s*['"]/y)) this.#fail('has a descr that is no plain type');
    const descr = this.#string();
    const [, order, type = ''] = /^([<>|=]?)([a-zA-Z]\d*)$/.exec(descr) ?? [];
    if (type === OBJECTS) return OBJECTS;
    const dtype = Object.hasOwn(NUMPY_DTYPES, type) ? NUMPY_DTYPES[type] : undefined;
    if (dtype === undefined) {
      return this.#fail(`has descr ${quote(descr)}; supported are ${Object.keys(NUMPY_DTYPES).join(' ')}`);
    }
    if (order !== '<' && ELEMENT_BYTES[dtype] > 1) this.#fail(`has descr ${quote(descr)}: not little-endian`);
    return dtype;
  }

  #shape(): number[] {
    const shape: number[] = [];
    this.#take(/\(/y);
    while (!this.#has(/\)/y)) {
      const size = Number(this.#take(/(\d{1,16})L?/y)[1]); // Python 2 wrote 3L
      if (!Number.isSafeInteger(size)) this.#fail('has a shape that overflows');
      shape.push(size);
      if (shape.length > MAX_RANK) this.#fail(`has a shape of more than ${MAX_RANK} sizes`);
      if (!this.#has(/,/y)) {
        if (shape.length === 1) this.#fail('has a number for a shape'); // (3) is 3, (3,) a tuple
        this.#take(/\)/y);
        break;
      }
    }
    return shape;
  }

  #string(): string {
    const [, single, double] = this.#take(/'([^'\\\n]*)'|"([^"\\\n]*)"/y);
    return single ?? double ?? '';
  }

  /** Moves over what matches here, and over blanks before it. */
  #take(pattern: RegExp): RegExpExecArray {
    this.#blanks();
    const match = this.#match(pattern);
    if (!match) return this.#fail(`is not understood: expected ${pattern.source}`);
    this.#index += match[0].length;
    return match;
  }

  #has(pattern: RegExp): boolean {
    this.#blanks();
    if (!this.#is(pattern)) return false;
    this.#take(pattern);
    return true;
  }

  #is(pattern: RegExp): boolean {
    return this.#match(pattern) !== null;
  }

  #blanks(): void {
    this.#index += this.#match(/\s*/y)![0].length;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#index;
    return pattern.exec(this.#text);
  }

  #fail(problem: string): never {
    return this.#bad(`the NumPy header ${problem}`, this.#start + this.#index);
  }
}
