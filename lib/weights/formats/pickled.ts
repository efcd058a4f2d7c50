// What a pickle of a network holds: arrays by the keys that lead to them, and what else there is, which is passed over
// and named.

import { list, quote, refuse } from '../refuse.js';
import type { WeightsFile } from './file.js';
import { NdArray, numpyGlobals } from './ndarray.js';
import { type PickleHost, unpickle } from './pickle.js';
import { ForeignObject, PickleDict, PickleFunction, plain } from './pickle-values.js';
import type { Tensor, TensorFile } from './tensors.js';

/** Some five thousand tensors. This is what bounds the time and the memory that a hostile pickle can take. */
const MAX_INSTRUCTIONS = 250_000;

const MAX_NAME_LENGTH = 1000;

/** Of containers within containers. A network has some ten; what is deeper is none. */
const MAX_DEPTH = 64;

/** Where PyTorch's modules keep what a state_dict shows without these names. */
const MODULE_PARTS = new Set<unknown>(['_parameters', '_buffers', '_modules']);

/** Lends what NumPy's arrays need, and remembers what else was asked for. */
export class ArrayHost implements PickleHost {
  instructions = MAX_INSTRUCTIONS;
  /** Names of what the pickle would have called or built. */
  readonly passedOver = new Set<string>();
  /** How convolutions say that they are padded, where it is not by zeros. */
  readonly paddings = new Set<string>();
  protected readonly file: WeightsFile;
  protected readonly place: (index: number) => number;
  protected readonly globals: Map<string, unknown>;

  constructor(file: WeightsFile, place: (index: number) => number) {
    this.file = file;
    this.place = place;
    this.globals = new Map(numpyGlobals(file, place));
    const dict = new PickleFunction(() => new PickleDict());
    for (const name of ['collections.defaultdict', 'builtins.dict', '__builtin__.dict']) {
      this.globals.set(name, dict);
    }
  }

  global(name: string): unknown {
    if (this.globals.has(name)) return this.globals.get(name);
    this.passedOver.add(name);
    const [, kind] = /\.(Reflection|Replication)Pad2d$/.exec(name) ?? [];
    if (kind) this.paddings.add(kind === 'Reflection' ? 'reflect' : 'replicate');
    return undefined;
  }

  persistent(_id: unknown, index: number): unknown {
    return this.fail('refers to something outside it', index);
  }

  fail(problem: string, index: number): never {
    refuse(this.file.path, problem, { offset: this.place(index) });
  }

  /** Whether a value is what is looked for. */
  protected isArray(value: unknown): boolean {
    return value instanceof NdArray && value.isNumeric;
  }

  /** The arrays in `root`, by the keys that lead to them. A container that several keys lead to counts once. */
  arrays(root: unknown): Map<string, unknown> {
    const arrays = new Map<string, unknown>();
    const seen = new Set<unknown>();
    const walk = (value: unknown, name: string, depth: number): void => {
      if (this.isArray(value)) {
        if (name.length > MAX_NAME_LENGTH) this.fail(`has the name ${quote(name)}, which is too long`, 0);
        arrays.set(name, value);
        return;
      }
      if (typeof value !== 'object' || value === null || depth > MAX_DEPTH || seen.has(value)) return;
      seen.add(value);
      const step = (key: unknown, item: unknown, isTransparent = false) => {
        const own = typeof key === 'string' ? key : quote(key);
        walk(item, isTransparent ? name : name === '' ? own : `${name}.${own}`, depth + 1);
      };
      if (value instanceof PickleDict) {
        for (const [key, item] of value.pairs) {
          if (key === 'padding_mode' && typeof item === 'string' && item !== 'zeros') this.paddings.add(item);
          step(key, item, MODULE_PARTS.has(key));
        }
      } else if (value instanceof ForeignObject) {
        for (const item of [value.state, ...value.items]) step('', item, true);
      } else if (value instanceof NdArray) {
        const { objects = [] } = value;
        step('', objects.length === 1 ? objects[0] : objects, true); // NumPy saves what is no array as an array of it
      } else {
        const items: unknown = plain(value);
        if (Array.isArray(items)) for (const [i, item] of items.entries()) step(i, item);
      }
    };
    walk(root, '', 0);
    return arrays;
  }

  /** Like arrays(). @throws WeightsError when there are none */
  expectArrays(root: unknown): Map<string, unknown> {
    const arrays = this.arrays(root);
    if (arrays.size > 0) return arrays;
    const others = [...this.passedOver];
    return this.fail(`holds no tensors${others.length > 0 ? `, but ${list(others, quote, 3)}` : ''}`, 0);
  }

  /** What there was beside arrays. */
  get remarks(): Pick<TensorFile, 'passedOver' | 'padding'> {
    const [padding] = this.paddings;
    return { passedOver: [...this.passedOver], padding };
  }
}

/**
 * The arrays in the pickle at `start` of `bytes`, which must go on to their end, by the keys that lead to them.
 *
 * @throws WeightsError when it breaks the format in any way or has none.
 */
export async function unpickleArrays(
  bytes: Uint8Array,
  start: number,
  file: WeightsFile,
  place: (index: number) => number,
): Promise<Pick<TensorFile, 'tensors' | 'passedOver'>> {
  const host = new ArrayHost(file, place);
  const { value, end } = await unpickle(bytes, start, host);
  if (end < bytes.length) host.fail(`goes on for ${bytes.length - end} bytes after its pickle`, end);
  const tensors = new Map<string, Tensor>();
  for (const [name, array] of host.expectArrays(value)) {
    if (array instanceof NdArray) tensors.set(name, await array.tensor(file));
  }
  return { tensors, passedOver: [...host.passedOver] };
}
