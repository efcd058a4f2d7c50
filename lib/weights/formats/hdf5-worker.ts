// The worker of hdf5.ts: one file after the other, each gone from memory when it is answered.

import { parentPort } from 'node:worker_threads';
import { File, ready } from 'h5wasm';
import type { Hdf5Job, Hdf5Reply } from './hdf5.js';
import { byteLength, type DType, type Tensor } from './tensors.js';

const FILE = '/weights.h5';
const MAX_OBJECTS = 10_000;
const MAX_DEPTH = 32;
const MAX_NAME_LENGTH = 1000;

/** What is not weights: an optimiser's state, and where MATLAB keeps what its cells refer to. */
const LEFT_OUT = /^(optimizer|optimizer_weights|#.*)$/;

/** Of a file as Keras writes it. */
const KERAS_ATTRIBUTES = ['keras_version', 'backend'];

/** The library's classes of types. */
const INTEGER = 0;
const FLOAT = 1;
const REFERENCE = 7;

/** What the library's declarations leave to those of Emscripten. */
interface Memory {
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  HEAPU8: Uint8Array;
}

/** Bytes of the library's memory for what it keeps of any file, beside the file's data. */
const SPARE_BYTES = 16e6;

/**
 * Up to how many bytes the library's memory may grow. It asks for as much as a file says; when that is refused, it says
 * so in turn, as if the machine had no more.
 */
let roof = Number.POSITIVE_INFINITY;

/** What the declarations of Node's globals leave to those of browsers. */
interface WebAssemblyMemory {
  buffer: ArrayBuffer;
  grow(pages: number): number;
}

const { prototype } = (globalThis as unknown as { WebAssembly: { Memory: { prototype: WebAssemblyMemory } } })
  .WebAssembly.Memory;
const { grow } = prototype;
prototype.grow = function (pages) {
  if (this.buffer.byteLength + pages * 65_536 > roof) throw new RangeError('beyond what the file may take');
  return grow.call(this, pages);
};

const library = await ready;
const memory = library as unknown as Memory;
library.activate_throwing_error_handler();

/** Bytes of its memory before any file. */
const start = memory.HEAPU8.length;

/** What is wrong with the file, in words for whoever reads it. */
class Problem extends Error {}

/** Walks through the file from its root. */
class Walk {
  readonly tensors = new Map<string, Tensor>();
  readonly metadata = new Map<string, string>();
  readonly #file: File;
  readonly #limit: number;
  #objects = 0;
  #bytes = 0;

  constructor(file: File, limit: number) {
    this.#file = file;
    this.#limit = limit;
  }

  root(): void {
    const attributes = library.get_attribute_names(this.#file.file_id, '/');
    for (const name of KERAS_ATTRIBUTES.filter((name) => attributes.includes(name))) {
      const value = this.#attribute('/', name);
      if (value !== undefined) this.metadata.set(name, value);
    }
    this.#group('/', '', 0);
  }

  #group(path: string, name: string, depth: number): void {
    if (depth > MAX_DEPTH) throw new Problem(`has groups within groups ${MAX_DEPTH} deep`);
    for (const key of library.get_names(this.#file.file_id, path, false)) {
      if (LEFT_OUT.test(key)) continue;
      this.#object(
        path === '/' ? `/${key}` : `${path}/${key}`,
        name === '' ? key : `${name}/${key}`,
        depth + 1,
      );
    }
  }

  #object(path: string, name: string, depth: number): void {
    if (++this.#objects > MAX_OBJECTS) throw new Problem(`has more than ${MAX_OBJECTS} objects`);
    if (name.length > MAX_NAME_LENGTH) throw new Problem('has a name that is too long');
    const type = library.get_type(this.#file.file_id, path);
    if (type === library.H5G_GROUP) this.#group(path, name, depth);
    else if (type === library.H5G_DATASET) this.#dataset(path, name, depth);
    else if (type === library.H5G_LINK || type === library.H5G_UDLINK) {
      throw new Problem(`has a link in the place of ${JSON.stringify(name)}`);
    }
  }

  #dataset(path: string, name: string, depth: number): void {
    const { type, size, signed, littleEndian, shape, chunks, virtual_sources, vlen } =
      library.get_dataset_metadata(this.#file.file_id, path);
    if (virtual_sources?.length) throw new Problem(`keeps ${JSON.stringify(name)} in another file`);
    if (!shape || vlen || (type !== INTEGER && type !== FLOAT && type !== REFERENCE)) return; // text, compounds
    const dtype: DType | undefined = type === REFERENCE ? 'U8' : dtypeOf(type, size, signed);
    if (!dtype) return;
    const sizes = type === REFERENCE ? [...shape, size] : shape;
    const bytes = sizes.length <= 64 ? byteLength(dtype, sizes) : undefined;
    const chunk = byteLength(dtype, chunks ?? []);
    if (bytes === undefined || chunk === undefined || Math.max(bytes, chunk) > this.#limit - this.#bytes) {
      const problem = `would take more than twice the file's size of memory, by ${JSON.stringify(name)}`;
      throw new Problem(problem);
    }
    if (type !== REFERENCE && !littleEndian && size > 1)
      throw new Problem(`has ${JSON.stringify(name)} that is not little-endian`);
    if (bytes === 0) return;
    const data = this.#data(path, bytes);
    if (type === REFERENCE) {
      this.#references(data, size, name, depth);
      return;
    }
    if (dtype === 'U16' && this.#attribute(path, 'MATLAB_class') === 'char') {
      this.metadata.set(name, Buffer.from(data.subarray(0, 2 * MAX_NAME_LENGTH)).toString('utf16le'));
      return;
    }
    this.#bytes += bytes;
    this.tensors.set(name, { dtype, shape: sizes, data });
  }

  #references(data: Uint8Array, size: number, name: string, depth: number): void {
    for (let i = 0; i * size < data.length; i++) {
      const reference = data.slice(i * size, (i + 1) * size);
      const path = library.get_referenced_name(this.#file.file_id, reference, true);
      this.#object(path, `${name}/${i}`, depth + 1);
    }
  }

  #data(path: string, bytes: number): Uint8Array {
    return copied(bytes, (pointer) =>
      library.get_dataset_data(this.#file.file_id, path, null, null, null, BigInt(pointer)),
    );
  }

  /** A text of fixed length or not; undefined when there is no such attribute or it is something else. */
  #attribute(path: string, name: string): string | undefined {
    if (!library.get_attribute_names(this.#file.file_id, path).includes(name)) return undefined;
    const { total_size, size, type } = library.get_attribute_metadata(this.#file.file_id, path, name);
    if (type !== 3 || total_size !== 1 || size > MAX_NAME_LENGTH) return undefined;
    const target = this.#file.get(path);
    const value = target && 'get_attribute' in target ? target.get_attribute(name, true) : undefined;
    return typeof value === 'string' ? value : undefined;
  }
}

/** What `fill` writes to as many bytes of the library's memory. */
function copied(bytes: number, fill: (pointer: number) => number): Uint8Array {
  const pointer = memory._malloc(bytes);
  if (pointer === 0) throw new Problem('needs more memory than the library has');
  try {
    if (fill(pointer) < 0) throw new Problem('has a dataset that cannot be read');
    return memory.HEAPU8.slice(pointer, pointer + bytes);
  } finally {
    memory._free(pointer);
  }
}

function dtypeOf(type: number, size: number, signed: boolean): DType | undefined {
  if (type === FLOAT) return ({ 2: 'F16', 4: 'F32', 8: 'F64' } as const)[size];
  if (signed) return ({ 1: 'I8', 2: 'I16', 4: 'I32', 8: 'I64' } as const)[size];
  return ({ 1: 'U8', 2: 'U16', 4: 'U32', 8: 'U64' } as const)[size];
}

function read({ bytes, limit }: Hdf5Job): Hdf5Reply {
  const { FS } = library;
  roof = start + 2 * limit + SPARE_BYTES;
  FS.writeFile(FILE, bytes, { canOwn: true } as never);
  let file: File | undefined;
  try {
    file = new File(FILE, 'r');
    const walk = new Walk(file, limit);
    walk.root();
    return { tensors: [...walk.tensors], metadata: [...walk.metadata] };
  } catch (error) {
    if (error instanceof Problem) return { problem: error.message };
    return { problem: `is damaged: the HDF5 library says ${JSON.stringify(deepest(error))}` };
  } finally {
    if (file) library.close_file(file.file_id);
    FS.unlink(FILE);
  }
}

/** Of what the library says, from where it was asked down to where it failed, the last. */
function deepest(error: unknown): string {
  const text = String((error as Error)?.message ?? error);
  const lines = [...text.matchAll(/#\d+: .*?\(\): (.*)/g)];
  return (lines.at(-1)?.[1] ?? text.split('\n')[0]!).slice(0, 200);
}

parentPort!.on('message', (job: Hdf5Job) => {
  const reply = read(job);
  const buffers = 'tensors' in reply ? reply.tensors.map(([, { data }]) => data.buffer as ArrayBuffer) : [];
  parentPort!.postMessage(reply, buffers);
});
parentPort!.postMessage({ ready: true } satisfies Hdf5Reply);
