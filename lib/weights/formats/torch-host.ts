// What a pickle of PyTorch's may ask for: storages, and tensors that lie in them.

import { quote } from '../refuse.js';
import type { WeightsFile } from './file.js';
import { PickleFunction, PickleTuple, plain } from './pickle-values.js';
import { ArrayHost } from './pickled.js';
import { byteLength, type DType, ELEMENT_BYTES } from './tensors.js';

/** PyTorch's own limit. */
const MAX_RANK = 64;

const MAX_NAME_LENGTH = 1000;

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
export interface Storage {
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
export class TensorView {
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

/** What a pickle of PyTorch's may name, and what its tensors are. */
export class TorchHost extends ArrayHost {
  readonly storages = new Map<unknown, Storage>();

  constructor(file: WeightsFile, place: (index: number) => number) {
    super(file, place);
    for (const [name, dtype] of Object.entries(STORAGE_DTYPES)) {
      this.globals.set(`torch.${name}`, new StorageType(dtype));
    }
    for (const module of ['torch', 'torch.storage']) {
      this.globals.set(`${module}.UntypedStorage`, new StorageType(undefined));
    }
    for (const [name, dtype] of Object.entries(TORCH_DTYPES)) {
      this.globals.set(`torch.${name}`, new ElementType(dtype));
    }
    const functions: Record<string, (args: readonly unknown[], index: number) => unknown> = {
      'torch._utils._rebuild_tensor': (args, index) => this.#tensor(args, undefined, index),
      'torch._utils._rebuild_tensor_v2': (args, index) => this.#tensor(args, undefined, index),
      'torch._utils._rebuild_tensor_v3': (args, index) => this.#tensor(args, args[6], index),
      'torch._utils._rebuild_parameter': ([tensor]) => tensor,
      'torch._utils._rebuild_parameter_with_state': ([tensor]) => tensor,
      // (function, type, its arguments, attributes)
      'torch._tensor._rebuild_from_type_v2': ([rebuild, , args], index) =>
        rebuild instanceof PickleFunction &&
        rebuild !== this.globals.get('torch._tensor._rebuild_from_type_v2') &&
        args instanceof PickleTuple
          ? rebuild.call(args.items, index)
          : null,
      'torch.Size': ([sizes]) => sizes,
      'torch.device': () => null,
    };
    for (const [name, call] of Object.entries(functions)) this.globals.set(name, new PickleFunction(call));
  }

  /** ('storage', type, key, device, elements), in the older format with a view (key, start, elements) or None. */
  override persistent(id: unknown, index: number): unknown {
    const items = id instanceof PickleTuple ? id.items : [];
    const [kind, type, key, , elements, view = null] = items;
    if (kind === 'module' && items.length === 4) return type; // a class, with its source
    if (kind !== 'storage' || items.length < 5 || items.length > 6) {
      return this.fail(`refers to ${quote(plain(id))}, which is no storage`, index);
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
    const shape =
      sizesOf(shapeTuple) ?? this.fail(`has a tensor of shape ${quote(plain(shapeTuple))}`, index);
    const strides =
      sizesOf(strideTuple) ?? this.fail(`has a tensor of strides ${quote(plain(strideTuple))}`, index);
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
    return new TensorView(storage, dtype, shape, strides, view.start + offset * size, this.place(index));
  }

  protected override isArray(value: unknown): boolean {
    return value instanceof TensorView || super.isArray(value);
  }
}

/** The sizes in a tuple or a list. */
function sizesOf(value: unknown): number[] | undefined {
  const items = plain(value);
  if (!Array.isArray(items) || items.length > MAX_RANK || !items.every(isSize)) return undefined;
  return [...items];
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
