// TensorFlow.js layers models: model.json, which lists the weights, and the files beside it that they lie in, one after
// the other. A hostile list could name any file, so only ones in the folder of model.json are opened.

import { quote, refuse } from '../refuse.js';
import { inTurns } from '../turns.js';
import { fileBeside, isBeside } from './beside.js';
import { WeightsFile } from './file.js';
import { isObject } from './json.js';
import { byteLength, type DType, ELEMENT_BYTES, type Tensor, type TensorFile } from './tensors.js';

/** A topology of VGG-19 has 15 kB. A hostile file of a hundred times as much would keep `JSON.parse` busy for long. */
const MAX_MODEL_BYTES = 1e6;

/** Of a group. */
const MAX_WEIGHTS_BYTES = 2e9;

/** Shards have 4 MB, as the converter makes them. */
const MAX_SHARDS = 1000;

const MAX_RANK = 64;

const DTYPES: Record<string, DType> = {
  float32: 'F32',
  float16: 'F16',
  int32: 'I32',
  uint8: 'U8',
  bool: 'BOOL',
};

/** How a float is stored: as it is, or in fewer bits. */
interface Encoding {
  dtype: DType;
  /** A float is stored × scale + min; absent for what is not quantised. */
  quantization?: { scale: number; min: number };
}

interface Entry extends Encoding {
  name: string;
  shape: number[];
  bytes: number;
}

interface Group {
  paths: string[];
  entries: Entry[];
}

/**
 * Reads the weights of a model from the path of its model.json. Weights quantised to 8 or 16 bits become F32, float16
 * stays F16.
 *
 * @throws WeightsError, with the name of the file at fault, when one cannot be read or breaks the format in any way.
 */
export function readTfjs(path: string): Promise<TensorFile> {
  return WeightsFile.use(path, async (file) => {
    if (file.size > MAX_MODEL_BYTES) {
      refuse(path, `has ${file.size} bytes, more than the limit of ${MAX_MODEL_BYTES}`);
    }
    const manifest = new Manifest(await file.read(0, file.size), path);
    const tensors = new Map<string, Tensor>();
    for (const { paths, entries } of manifest.groups()) {
      const data = await readShards(
        await Promise.all(paths.map((shard) => fileBeside(path, shard, manifest.placeOf(shard)))),
        entries.reduce((sum, { bytes }) => sum + bytes, 0),
        (problem) => manifest.fail(problem, paths[0]),
      );
      let begin = 0;
      for (const { name, shape, bytes, ...encoding } of entries) {
        tensors.set(name, { shape, ...(await decode(data.subarray(begin, begin + bytes), encoding)) });
        begin += bytes;
      }
    }
    return { metadata: Object.create(null), tensors };
  });
}

/** What the files hold one after the other: exactly `total` bytes, which is known before any memory is taken. */
async function readShards(
  paths: string[],
  total: number,
  fail: (problem: string) => never,
): Promise<Uint8Array> {
  let found = 0;
  for (const path of paths) found += await WeightsFile.use(path, async ({ size }) => size);
  if (found !== total) {
    fail(`the weights need ${total} bytes, but the shards have ${found}`);
  }
  if (total > MAX_WEIGHTS_BYTES) {
    fail(`the weights have ${total} bytes, more than the limit of ${MAX_WEIGHTS_BYTES}`);
  }
  const data = new Uint8Array(total);
  let begin = 0;
  for (const path of paths) {
    await WeightsFile.use(path, async (shard) => {
      if (begin + shard.size > total) refuse(path, 'grew while it was being read');
      await shard.readInto(data.subarray(begin, begin + shard.size), 0);
      begin += shard.size;
    });
  }
  return data;
}

async function decode(
  data: Uint8Array,
  { dtype, quantization }: Encoding,
): Promise<Pick<Tensor, 'dtype' | 'data'>> {
  if (!quantization) return { dtype, data };
  const { scale, min } = quantization;
  const size = ELEMENT_BYTES[dtype];
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const floats = new DataView(new ArrayBuffer((data.length / size) * 4));
  await inTurns(data.length / size, (start, end) => {
    for (let i = start; i < end; i++) {
      const stored = size === 1 ? view.getUint8(i) : view.getUint16(i * 2, true);
      floats.setFloat32(i * 4, stored * scale + min, true);
    }
  });
  return { dtype: 'F32', data: new Uint8Array(floats.buffer) };
}

/** The list of weights in a model.json. */
class Manifest {
  readonly #bytes: Uint8Array;
  readonly #path: string;
  readonly #names = new Set<string>();
  readonly #shards = new Set<string>();

  constructor(bytes: Uint8Array, path: string) {
    this.#bytes = bytes;
    this.#path = path;
  }

  groups(): Group[] {
    const model = this.#parse();
    if (!isObject(model)) this.fail(`is not a model but ${quote(model)}`);
    const { format, weightsManifest } = model;
    if (format !== undefined && format !== 'layers-model') {
      this.fail(`has format ${quote(format)}, not 'layers-model'`, 'format');
    }
    if (weightsManifest === undefined)
      this.fail('is JSON, but no model of TensorFlow.js: it lists no weights');
    if (!Array.isArray(weightsManifest)) {
      this.fail(`has weightsManifest ${quote(weightsManifest)}, which is no list`, 'weightsManifest');
    }
    return weightsManifest.map((group) => {
      if (!isObject(group) || !Array.isArray(group.paths) || !Array.isArray(group.weights)) {
        this.fail(`has ${quote(group)} for a group of weights`, 'weightsManifest');
      }
      return {
        paths: group.paths.map((shard) => this.#shard(shard)),
        entries: group.weights.map((entry) => this.#entry(entry)),
      };
    });
  }

  #parse(): unknown {
    try {
      return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(this.#bytes));
    } catch (cause) {
      const problem = `is not JSON in UTF-8: ${quote((cause as Error).message)}`;
      return refuse(this.#path, problem, { offset: 0, cause });
    }
  }

  /** A file in the folder, or in one below it, on every system. */
  #shard(shard: unknown): string {
    if (!isBeside(shard)) this.fail(`has path ${quote(shard)}, which is no file in its folder`, shard);
    if (this.#shards.has(shard)) this.fail(`has path ${quote(shard)} twice`, shard);
    this.#shards.add(shard);
    if (this.#shards.size > MAX_SHARDS) this.fail(`has more than ${MAX_SHARDS} paths`, shard);
    return shard;
  }

  #entry(entry: unknown): Entry {
    if (!isObject(entry) || typeof entry.name !== 'string') this.fail(`has ${quote(entry)} for a weight`);
    const { name, shape } = entry;
    const fail = (problem: string): never => this.fail(`has weight ${quote(name)} ${problem}`, name);
    if (this.#names.has(name as string)) fail('twice');
    this.#names.add(name as string);
    if (!isShape(shape)) return fail(`with shape ${quote(shape)}`);
    const encoding = this.#encoding(entry, fail);
    const bytes = byteLength(encoding.dtype, shape) ?? fail(`with shape ${quote(shape)}, which overflows`);
    return { name: name as string, shape, bytes, ...encoding };
  }

  #encoding(entry: Record<string, unknown>, fail: (problem: string) => never): Encoding {
    const { dtype, quantization } = entry;
    if (typeof dtype !== 'string' || !Object.hasOwn(DTYPES, dtype)) {
      return fail(`of dtype ${quote(dtype)}; supported are ${Object.keys(DTYPES).join(' ')}`);
    }
    if (quantization === undefined) return { dtype: DTYPES[dtype]! };
    if (!isObject(quantization) || dtype !== 'float32') {
      return fail(`of dtype ${dtype} with quantization ${quote(quantization)}`);
    }
    const { dtype: stored, scale, min } = quantization;
    if (stored === 'float16') return { dtype: 'F16' };
    if (stored !== 'uint8' && stored !== 'uint16') {
      return fail(`quantised to ${quote(stored)}; supported are float16 uint8 uint16`);
    }
    if (!Number.isFinite(scale) || !Number.isFinite(min)) {
      return fail(`quantised with scale ${quote(scale)} and min ${quote(min)}`);
    }
    return {
      dtype: stored === 'uint8' ? 'U8' : 'U16',
      quantization: { scale: scale as number, min: min as number },
    };
  }

  /** What is wrong, at the place where `text`, which the file has as a string, first stands. */
  fail(problem: string, text?: unknown): never {
    refuse(this.#path, problem, { offset: typeof text === 'string' ? this.placeOf(text) : 0 });
  }

  placeOf(text: string): number {
    return Math.max(Buffer.from(this.#bytes).indexOf(JSON.stringify(text)), 0);
  }
}

function isShape(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.length <= MAX_RANK &&
    value.every((size) => Number.isSafeInteger(size) && size >= 0)
  );
}
