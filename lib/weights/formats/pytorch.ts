// What torch.save() writes, in both of its formats: a zip archive with a pickle and the storages as files, or, before
// PyTorch 1.6, five pickles and then the storages. The pickle says how tensors lie in the storages. Only what tensors
// need may be named in it.

import { quote, refuse } from '../refuse.js';
import { WeightsFile } from './file.js';
import { PickleDict, PickleFunction, PickleTuple, unpickle } from './pickle.js';
import { rowMajor, rowMajorStrides } from './strides.js';
import { byteLength, type DType, ELEMENT_BYTES, type Tensor, type TensorFile } from './tensors.js';
import { readZip, type ZipContent, type ZipEntry } from './zip.js';

/** Some five thousand tensors. This is what bounds the time and the memory that a hostile pickle can take. */
const MAX_PICKLE_BYTES = 1e6;
const MAX_INSTRUCTIONS = 250_000;

/** PyTorch's own limit. */
const MAX_RANK = 64;

const MAX_NAME_LENGTH = 1000;
const MAX_DEPTH = 32;

/** What the first of the pickles of the older format holds. */
const MAGIC = 0x1950a86a20f9469cfc6cn;

const STORAGE_DTYPES: Record<string, DType> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

const TORCH_DTYPES: Record<string, DType> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint64: 'U64',
  uint32: 'U32',
  uint16: 'U16',
  uint8: 'U8',
  bool: 'BOOL',
};

/** The type of a storage's elements; undefined for one whose tensors say what they are. */
class StorageType {
  readonly dtype: DType | undefined;
  constructor(dtype: DType | undefined) {
    this.dtype = dtype;
  }
}

/** A name of a type of elements. */
class ElementType {
  readonly dtype: DType;
  constructor(dtype: DType) {
    this.dtype = dtype;
  }
}

/** The memory that tensors lie in: of one size and type wherever it is named. */
interface Storage {
  key: string;
  type: StorageType;
  bytes: number;
}

/** Part of a storage: where a legacy pickle says so, tensors count from `start`. Both in bytes. */
class StorageView {
  readonly storage: Storage;
  readonly start: number;
  readonly bytes: number;
  constructor(storage: Storage, start: number, bytes: number) {
    this.storage = storage;
    this.start = start;
    this.bytes = bytes;
  }
}

/** A tensor before its storage is read, all within it. */
class TensorView {
  readonly storage: Storage;
  readonly dtype: DType;
  readonly shape: number[];
  readonly strides: number[];
  /** Of the first element, in bytes. */
  readonly start: number;
  /** The byte of the file that asks for it. */
  readonly place: number;
  constructor(
    storage: Storage,
    dtype: DType,
    shape: number[],
    strides: number[],
    start: number,
    place: number,
  ) {
    this.storage = storage;
    this.dtype = dtype;
    this.shape = shape;
    this.strides = strides;
    this.start = start;
    this.place = place;
  }
}

/**
 * Reads all tensors of a file that torch.save() wrote of a state_dict, or of dictionaries with one anywhere in them.
 * Names are the keys on the way to a tensor, joined by dots: 'state_dict.features.0.weight'. Tensors that lie in
 * memory as they should are views of their storage, so two may share it; others are copied.
 *
 * @throws WeightsError when the file cannot be read, breaks the format, is big-endian, or names anything but tensors,
 * numbers, text, lists and dictionaries.
 */
export function readPytorch(path: string): Promise<TensorFile> {
  return WeightsFile.use(path, async (file) => {
    const start = Buffer.from(await file.read(0, Math.min(file.size, 4)));
    if (start.toString('latin1') === 'PK\x03\x04') return readArchive(file);
    if (start[0] === 0x80) return readLegacy(file);
    return refuse(path, 'is neither a zip archive nor a pickle, as PyTorch writes', { offset: 0 });
  });
}

async function readArchive(file: WeightsFile): Promise<TensorFile> {
  const entries = await readZip(file);
  const pickles = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const [name] = pickles;
  if (name === undefined || pickles.length > 1) {
    refuse(file.path, `has ${pickles.length} entries named data.pkl in a folder; PyTorch writes one`, {
      offset: entries.get(pickles[1] ?? '')?.offset ?? 0,
    });
  }
  const folder = name.slice(0, -'data.pkl'.length);
  const order = await small(file, entries.get(`${folder}byteorder`), 16);
  if (order !== undefined && Buffer.from(order.bytes).toString('latin1') !== 'little') {
    refuse(file.path, 'is not little-endian', { offset: order.place(0) });
  }
  const { bytes, place } = (await small(file, entries.get(name), MAX_PICKLE_BYTES))!;
  const host = new TorchHost(file, place);
  const views = host.tensors(unpickle(bytes, 0, host).value);
  return materialize(file, views, async ({ key, bytes }, place) => {
    const entry = entries.get(`${folder}data/${key}`);
    if (!entry) refuse(file.path, `storage ${quote(key)} is missing`, { offset: place });
    if (entry.size !== bytes) {
      const problem = `storage ${quote(key)} has ${entry.size} bytes, but its tensors need ${bytes}`;
      refuse(file.path, problem, { offset: entry.offset });
    }
    return (await entry.read()).bytes;
  });
}

/** An entry, if it is there, that must not have more than `limit` bytes. */
async function small(
  file: WeightsFile,
  entry: ZipEntry | undefined,
  limit: number,
): Promise<ZipContent | undefined> {
  if (entry && entry.size > limit) {
    const problem = `has a pickle of ${entry.size} bytes, more than the limit of ${limit}`;
    refuse(file.path, problem, { offset: entry.offset });
  }
  return entry?.read();
}

async function readLegacy(file: WeightsFile): Promise<TensorFile> {
  const { path } = file;
  const head = await file.read(0, Math.min(file.size, MAX_PICKLE_BYTES));
  const host = new TorchHost(file, (index) => index);
  let end = 0;
  const next = (): unknown => {
    const pickle = unpickle(head, end, host);
    end = pickle.end;
    return pickle.value;
  };
  if (next() !== MAGIC) refuse(path, "does not start with PyTorch's magic number", { offset: 0 });
  const protocol = next();
  if (protocol !== 1001) refuse(path, `has PyTorch protocol ${quote(protocol)}, not 1001`, { offset: end });
  const system = next();
  const littleEndian = system instanceof PickleDict && new Map(system.pairs).get('little_endian');
  if (littleEndian !== true) refuse(path, 'is not little-endian', { offset: end });
  const views = host.tensors(next());
  const keysPlace = end;
  const keys = next();
  if (!Array.isArray(keys)) refuse(path, 'does not list its storages', { offset: keysPlace });

  // Every storage is its number of elements, in 8 bytes, and the elements.
  const starts = new Map<string, number>();
  for (const key of keys) {
    const storage = host.storages.get(key);
    if (!storage || starts.has(key)) {
      return refuse(path, `lists storage ${quote(key)}, which it does not use once`, { offset: keysPlace });
    }
    const count = new DataView((await file.read(end, 8)).buffer).getBigUint64(0, true);
    const bytes = count * BigInt(ELEMENT_BYTES[storage.type.dtype ?? 'U8']);
    if (bytes !== BigInt(storage.bytes)) {
      const problem = `storage ${quote(key)} has ${bytes} bytes, but its tensors need ${storage.bytes}`;
      refuse(path, problem, { offset: end });
    }
    if (storage.bytes > file.size - end - 8) {
      const problem = `storage ${quote(key)} has ${bytes} bytes, but only ${file.size - end - 8} follow`;
      refuse(path, problem, { offset: end });
    }
    starts.set(key, end + 8);
    end += 8 + storage.bytes;
  }
  if (end < file.size) refuse(path, `${file.size - end} bytes belong to no storage`, { offset: end });
  file.release(head.length);
  return materialize(file, views, ({ key, bytes }, place) => {
    const start = starts.get(key) ?? refuse(path, `storage ${quote(key)} is missing`, { offset: place });
    return file.read(start, bytes);
  });
}

async function materialize(
  file: WeightsFile,
  views: Map<string, TensorView>,
  read: (storage: Storage, place: number) => Promise<Uint8Array>,
): Promise<TensorFile> {
  const loaded = new Map<Storage, Uint8Array>();
  const tensors = new Map<string, Tensor>();
  for (const [name, { storage, dtype, shape, strides, start, place }] of views) {
    const data = loaded.get(storage) ?? (await read(storage, place));
    loaded.set(storage, data);
    const bytes = byteLength(dtype, shape)!;
    if (bytes === 0 || isRowMajor(shape, strides)) {
      tensors.set(name, { dtype, shape, data: data.subarray(start, start + bytes) });
    } else {
      file.claim(bytes, place);
      const view = rowMajor(data.subarray(start), ELEMENT_BYTES[dtype], shape, strides);
      tensors.set(name, { dtype, shape, data: view });
    }
  }
  return { metadata: Object.create(null), tensors };
}

function isRowMajor(shape: number[], strides: number[]): boolean {
  return rowMajorStrides(shape).every((stride, axis) => stride === strides[axis] || shape[axis] === 1);
}

/** What a pickle of PyTorch's may name, and what its tensors are. */
class TorchHost {
  readonly storages = new Map<unknown, Storage>();
  instructions = MAX_INSTRUCTIONS;
  readonly #file: WeightsFile;
  readonly #place: (index: number) => number;
  readonly #globals = new Map<string, unknown>();

  constructor(file: WeightsFile, place: (index: number) => number) {
    this.#file = file;
    this.#place = place;
    for (const [name, dtype] of Object.entries(STORAGE_DTYPES)) {
      this.#globals.set(`torch.${name}`, new StorageType(dtype));
    }
    for (const module of ['torch', 'torch.storage']) {
      this.#globals.set(`${module}.UntypedStorage`, new StorageType(undefined));
    }
    for (const [name, dtype] of Object.entries(TORCH_DTYPES)) {
      this.#globals.set(`torch.${name}`, new ElementType(dtype));
    }
    const functions: Record<string, (args: readonly unknown[], index: number) => unknown> = {
      'torch._utils._rebuild_tensor': (args, index) => this.#tensor(args, undefined, index),
      'torch._utils._rebuild_tensor_v2': (args, index) => this.#tensor(args, undefined, index),
      'torch._utils._rebuild_tensor_v3': (args, index) => this.#tensor(args, args[6], index),
      'torch._utils._rebuild_parameter': ([tensor]) => tensor,
      'torch.Size': ([sizes]) => sizes,
      'torch.device': () => null,
    };
    for (const [name, call] of Object.entries(functions)) this.#globals.set(name, new PickleFunction(call));
  }

  global(name: string): unknown {
    return this.#globals.get(name);
  }

  fail(problem: string, index: number): never {
    refuse(this.#file.path, problem, { offset: this.#place(index) });
  }

  /** ('storage', type, key, device, elements), in the older format with a view (key, start, elements) or None. */
  persistent(id: unknown, index: number): StorageView {
    const items = id instanceof PickleTuple ? id.items : [];
    const [kind, type, key, , elements, view = null] = items;
    if (kind !== 'storage' || items.length < 5 || items.length > 6) {
      return this.fail(`refers to ${quote(id)}, which is no storage`, index);
    }
    if (!(type instanceof StorageType)) return this.fail('has a storage of no type', index);
    if (typeof key !== 'string' || key === '' || key.length > MAX_NAME_LENGTH) {
      return this.fail(`has a storage with key ${quote(key)}`, index);
    }
    const bytes = isSize(elements) ? byteLength(type.dtype ?? 'U8', [elements]) : undefined;
    if (bytes === undefined) return this.fail(`has a storage of ${quote(elements)} elements`, index);
    const storage = this.storages.get(key) ?? { key, type, bytes };
    if (storage.type.dtype !== type.dtype || storage.bytes !== bytes) {
      this.fail(`describes storage ${quote(key)} in two ways`, index);
    }
    this.storages.set(key, storage);
    if (view === null) return new StorageView(storage, 0, bytes);
    const [, first, count] = view instanceof PickleTuple ? view.items : [];
    const size = ELEMENT_BYTES[type.dtype ?? 'U8'];
    if (!isSize(first) || !isSize(count) || (first + count) * size > bytes) {
      return this.fail(`has a view beyond storage ${quote(key)}`, index);
    }
    return new StorageView(storage, first * size, count * size);
  }

  /** (storage, offset, shape, strides, …); counted in elements. */
  #tensor(args: readonly unknown[], type: unknown, index: number): TensorView {
    const [view, offset, shapeTuple, strideTuple] = args;
    if (!(view instanceof StorageView)) return this.fail('has a tensor without a storage', index);
    const { storage } = view;
    const dtype = type instanceof ElementType ? type.dtype : storage.type.dtype;
    if (dtype === undefined) return this.fail('has a tensor of no type', index);
    const shape = sizesOf(shapeTuple) ?? this.fail(`has a tensor of shape ${quote(shapeTuple)}`, index);
    const strides = sizesOf(strideTuple) ?? this.fail(`has a tensor of strides ${quote(strideTuple)}`, index);
    if (shape.length !== strides.length) {
      this.fail(`has a tensor of shape ${quote(shape)} with strides ${quote(strides)}`, index);
    }
    const bytes = byteLength(dtype, shape);
    if (!isSize(offset) || bytes === undefined) {
      return this.fail(`has a tensor of shape ${quote(shape)} at ${quote(offset)}, which overflows`, index);
    }
    const last = shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, offset);
    const size = ELEMENT_BYTES[dtype];
    if (bytes > 0 && (last + 1) * size > view.bytes) {
      const elements = view.bytes / size;
      this.fail(
        `has a tensor that ends at element ${last} of storage ${quote(storage.key)}, of ${elements}`,
        index,
      );
    }
    return new TensorView(storage, dtype, shape, strides, view.start + offset * size, this.#place(index));
  }

  /** The tensors in `root`, by the keys that lead to them. A dictionary that several keys lead to counts once. */
  tensors(root: unknown): Map<string, TensorView> {
    const tensors = new Map<string, TensorView>();
    const seen = new Set<PickleDict>();
    const path: PickleDict[] = [];
    const walk = (dict: PickleDict, prefix: string): void => {
      if (path.includes(dict)) this.fail('has a dictionary that contains itself', 0);
      if (path.length >= MAX_DEPTH) this.fail(`nests dictionaries deeper than ${MAX_DEPTH}`, 0);
      if (seen.has(dict)) return;
      seen.add(dict);
      path.push(dict);
      for (const [key, value] of dict.pairs) {
        if (!(value instanceof TensorView || value instanceof PickleDict)) continue;
        const name = `${prefix}${typeof key === 'string' ? key : quote(key)}`;
        if (name.length > MAX_NAME_LENGTH) this.fail(`has the name ${quote(name)}, which is too long`, 0);
        if (value instanceof PickleDict) walk(value, `${name}.`);
        else tensors.set(name, value);
      }
      path.pop();
    };
    if (!(root instanceof PickleDict)) return this.fail('holds no dictionary of tensors', 0);
    walk(root, '');
    return tensors;
  }
}

/** The sizes in a tuple or a list. */
function sizesOf(value: unknown): number[] | undefined {
  const items: unknown = value instanceof PickleTuple ? value.items : value;
  if (!Array.isArray(items) || items.length > MAX_RANK || !items.every(isSize)) return undefined;
  return [...items];
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
