// What torch.save() writes, in both of its formats: a zip archive with a pickle and the storages as files, or, before
// PyTorch 1.6, five pickles and then the storages. The pickle says how tensors lie in the storages. A whole module and
// a TorchScript archive are such files too: their tensors are taken, and no code of theirs is run.

import { quote, refuse } from '../refuse.js';
import { WeightsFile } from './file.js';
import { NdArray } from './ndarray.js';
import { unpickle } from './pickle.js';
import { PickleDict } from './pickle-values.js';
import { rowMajor, rowMajorStrides } from './strides.js';
import { byteLength, ELEMENT_BYTES, type Tensor, type TensorFile } from './tensors.js';
import { type Storage, TensorView, TorchHost } from './torch-host.js';
import { readZip, type ZipContent, type ZipEntry } from './zip.js';

/** A checkpoint may have arrays in its pickle. */
const MAX_PICKLE_BYTES = 64e6;

/** What the first of the pickles of the older format holds. */
const MAGIC = 0x1950a86a20f9469cfc6cn;

/**
 * Reads all tensors of a file that torch.save() or torch.jit.save() wrote, of whatever: a state_dict, a module, lists
 * and dictionaries with such anywhere in them. Names are the keys on the way to a tensor, joined by dots:
 * 'state_dict.features.0.weight'. Tensors that lie in memory as they should are views of their storage, so two may
 * share it; others are copied. All other objects are passed over and named.
 *
 * @throws WeightsError when the file cannot be read, breaks the format or is big-endian.
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
  const { value } = await unpickle(bytes, 0, host);
  return materialize(file, host, value, async ({ key, bytes }, place) => {
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
  const next = async (): Promise<unknown> => {
    const pickle = await unpickle(head, end, host);
    end = pickle.end;
    return pickle.value;
  };
  if ((await next()) !== MAGIC) refuse(path, "does not start with PyTorch's magic number", { offset: 0 });
  const protocol = await next();
  if (protocol !== 1001) refuse(path, `has PyTorch protocol ${quote(protocol)}, not 1001`, { offset: end });
  const system = await next();
  const littleEndian = system instanceof PickleDict && new Map(system.pairs).get('little_endian');
  if (littleEndian !== true) refuse(path, 'is not little-endian', { offset: end });
  const root = await next();
  const keysPlace = end;
  const keys = await next();
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
  return materialize(file, host, root, ({ key, bytes }, place) => {
    const start = starts.get(key) ?? refuse(path, `storage ${quote(key)} is missing`, { offset: place });
    return file.read(start, bytes);
  });
}

async function materialize(
  file: WeightsFile,
  host: TorchHost,
  root: unknown,
  read: (storage: Storage, place: number) => Promise<Uint8Array>,
): Promise<TensorFile> {
  const loaded = new Map<Storage, Uint8Array>();
  const tensors = new Map<string, Tensor>();
  for (const [name, array] of host.expectArrays(root)) {
    if (array instanceof NdArray) tensors.set(name, await array.tensor(file));
    if (!(array instanceof TensorView)) continue;
    const { storage, dtype, shape, strides, start, place } = array;
    const data = loaded.get(storage) ?? (await read(storage, place));
    loaded.set(storage, data);
    const bytes = byteLength(dtype, shape)!;
    if (bytes === 0 || isRowMajor(shape, strides)) {
      tensors.set(name, { dtype, shape, data: data.subarray(start, start + bytes) });
    } else {
      file.claim(bytes, place);
      const view = await rowMajor(data.subarray(start), ELEMENT_BYTES[dtype], shape, strides);
      tensors.set(name, { dtype, shape, data: view });
    }
  }
  return { metadata: Object.create(null), tensors, ...host.remarks };
}

function isRowMajor(shape: number[], strides: number[]): boolean {
  return rowMajorStrides(shape).every((stride, axis) => stride === strides[axis] || shape[axis] === 1);
}
