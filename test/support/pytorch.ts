// What torch.save() writes, for tests: pickles, and both formats of files around them. Checked against PyTorch 1.13,
// which loads what is written here.

import { type DType, ELEMENT_BYTES, type Tensor } from '../../dist/weights/formats/tensors.js';
import { encodeZip, type ZipPart } from './zip.js';

/** Instructions, as they are. */
export class Raw {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

export function raw(...parts: (number | string | Uint8Array)[]): Raw {
  return new Raw(
    Buffer.concat(
      parts.map((part) =>
        typeof part === 'number' ? Buffer.of(part) : typeof part === 'string' ? Buffer.from(part) : part,
      ),
    ),
  );
}

export function tuple(...items: unknown[]): Raw {
  return raw('(', ...items.map((item) => instructions(item)), 't');
}

export function named(module: string, name: string): Raw {
  return raw('c', module, '\n', name, '\n');
}

export function called(module: string, name: string, ...args: unknown[]): Raw {
  return raw(named(module, name).bytes, tuple(...args).bytes, 'R');
}

/** An object of a class that has this state. */
export function instance(module: string, name: string, state: Map<string, unknown>): Raw {
  return raw(named(module, name).bytes, ')', 0x81, instructions(state), 'b');
}

/** A module of PyTorch's: what it has of its own, and the modules within it. */
export function module(
  name: string,
  parameters: Map<string, unknown>,
  modules: Map<string, unknown>,
  attributes: [string, unknown][] = [],
): Raw {
  const state: [string, unknown][] = [
    ['training', true],
    ['_parameters', ordered(parameters)],
    ['_buffers', ordered(new Map())],
    ['_modules', ordered(modules)],
    ...attributes,
  ];
  return instance('torch.nn.modules', name, new Map(state));
}

function ordered(items: Map<string, unknown>): Raw {
  const dict = called('collections', 'OrderedDict').bytes;
  return raw(dict, '(', ...[...items].flat().map((item) => instructions(item)), 'u');
}

/** A pickle of protocol 2: of numbers, text, lists (arrays), dictionaries (Map), null and instructions. */
export function pickle(value: unknown): Uint8Array {
  return Buffer.concat([Buffer.of(0x80, 2), instructions(value), Buffer.from('.')]);
}

export function instructions(value: unknown): Uint8Array {
  const field = Buffer.alloc(9);
  if (value instanceof Raw) return value.bytes;
  if (value === null) return Buffer.from('N');
  if (typeof value === 'boolean') return Buffer.of(value ? 0x88 : 0x89);
  if (typeof value === 'bigint') {
    const bytes: number[] = [];
    for (let rest = value; rest > 0n; rest >>= 8n) bytes.push(Number(rest & 0xffn));
    if (bytes.at(-1)! >= 0x80) bytes.push(0);
    return Buffer.of(0x8a, bytes.length, ...bytes);
  }
  if (typeof value === 'number' && Number.isInteger(value)) {
    if (value !== (value | 0)) return instructions(BigInt(value));
    field[0] = 0x4a;
    field.writeInt32LE(value, 1);
    return field.subarray(0, 5);
  }
  if (typeof value === 'number') {
    field[0] = 0x47;
    field.writeDoubleBE(value, 1);
    return field;
  }
  if (typeof value === 'string') {
    const text = Buffer.from(value);
    field[0] = 0x58;
    field.writeUInt32LE(text.length, 1);
    return Buffer.concat([field.subarray(0, 5), text]);
  }
  if (Array.isArray(value)) return raw('](', ...value.map((item) => instructions(item)), 'e').bytes;
  if (value instanceof Map)
    return raw('}(', ...[...value].flat().map((item) => instructions(item)), 'u').bytes;
  throw new TypeError(`no instruction for ${value}`);
}

const STORAGES: Partial<Record<DType, string>> = {
  F64: 'DoubleStorage',
  F32: 'FloatStorage',
  F16: 'HalfStorage',
  BF16: 'BFloat16Storage',
  I64: 'LongStorage',
  I32: 'IntStorage',
  I16: 'ShortStorage',
  I8: 'CharStorage',
  U8: 'ByteStorage',
  BOOL: 'BoolStorage',
};

export interface Storage {
  dtype: DType;
  data: Uint8Array;
}

/** What a pickle says of a storage; `view` is for the older format. */
export function storage(key: string, { dtype, data }: Storage, view?: unknown): Raw {
  const type = named('torch', STORAGES[dtype]!);
  const id = ['storage', type, key, 'cpu', data.length / ELEMENT_BYTES[dtype]];
  return raw(tuple(...id, ...(view === undefined ? [] : [view])).bytes, 'Q');
}

/** A tensor in a storage; all counted in elements. */
export function tensorIn(storage: Raw, offset: number, shape: number[], strides: number[]): Raw {
  const hooks = called('collections', 'OrderedDict');
  return called(
    'torch._utils',
    '_rebuild_tensor_v2',
    storage,
    offset,
    tuple(...shape),
    tuple(...strides),
    false,
    hooks,
  );
}

export interface Saved {
  object: unknown;
  storages: Map<string, Storage>;
}

/** A state_dict: every tensor in a storage of its own. `legacy` says which format it is for. */
export function stateDict(tensors: Iterable<[string, Tensor]>, legacy = false): Saved {
  const storages = new Map<string, Storage>();
  const object = new Map<string, Raw>();
  for (const [name, { dtype, shape, data }] of tensors) {
    const key = String(storages.size);
    storages.set(key, { dtype, data });
    const strides = shape.map((_, axis) =>
      shape.slice(axis + 1).reduce((product, size) => product * size, 1),
    );
    const place = storage(key, { dtype, data }, legacy ? null : undefined);
    object.set(name, tensorIn(place, 0, shape, strides));
  }
  return { object, storages };
}

/** The newer format. `extra` replaces or adds entries. */
export function encodeArchive({ object, storages }: Saved, extra: ZipPart[] = []): Uint8Array {
  const parts: ZipPart[] = [{ name: 'archive/data.pkl', bytes: pickle(object) }];
  for (const [key, { data }] of storages) parts.push({ name: `archive/data/${key}`, bytes: data });
  parts.push({ name: 'archive/version', bytes: Buffer.from('3\n') });
  const replaced = parts.filter(({ name }) => !extra.some((part) => part.name === name));
  return encodeZip([...replaced, ...extra]);
}

/** The older format. */
export function encodeLegacy({ object, storages }: Saved, littleEndian = true): Uint8Array {
  const system = new Map<string, unknown>([
    ['protocol_version', 1001],
    ['little_endian', littleEndian],
    ['type_sizes', new Map(Object.entries({ short: 2, int: 4, long: 4 }))],
  ]);
  const chunks = [0x1950a86a20f9469cfc6cn, 1001, system, object, [...storages.keys()]].map(pickle);
  for (const { dtype, data } of storages.values()) {
    const count = Buffer.alloc(8);
    count.writeBigUInt64LE(BigInt(data.length / ELEMENT_BYTES[dtype]));
    chunks.push(count, data);
  }
  return Buffer.concat(chunks);
}
