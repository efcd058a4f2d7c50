// A checkpoint on disk: a safetensors file with the vectors and numbers of a state, and as metadata what the run was given.
// Its own hash tells a file that was damaged from one that was not; nothing else in it is trusted either.

import { access } from 'node:fs/promises';
import * as z from 'zod';
import { CheckpointError, WeightsError } from '../errors.js';
import { previousOf, shorten } from '../files/atomic.js';
import { checkSaid } from '../options/presets.js';
import { version } from '../package.js';
import { encodeSafetensors, readLargeSafetensors } from '../weights/formats/safetensors.js';
import type { Tensor, TensorFile } from '../weights/formats/tensors.js';
import { hashOf } from '../weights/hash.js';
import type { RunState } from './state.js';

const FORMAT = 'scumble checkpoint';

/** The version of the files that are written, and the latest that is read. */
const VERSION = 1;

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const metadata = {
  /** As settledOptions() has them; images and network by absolute paths or names, null where an image was in memory. */
  options: z.record(z.string(), z.unknown()),
  fingerprints: z.strictObject({ weights: hash, content: hash, style: z.array(hash), init: hash.optional() }),
  /** Where it was computed; the instruction set is the CPU's. */
  machine: z.strictObject({
    device: z.string(),
    precision: z.string(),
    instructionSet: z.string().optional(),
  }),
  /** For people: where the run stood. */
  standing: z.strictObject({
    scale: z.tuple([z.int(), z.int()]),
    scaleIndex: z.int(),
    scaleCount: z.int(),
    iteration: z.int(),
    iterations: z.int(),
  }),
  /** What the command wants to find again. */
  command: z.record(z.string(), z.unknown()).optional(),
};
const schema = z.object(metadata);

/** What a checkpoint says beside the state. */
export type About = z.output<typeof schema>;

/** A checkpoint that was read. */
export interface Checkpoint extends About {
  path: string;
  /** That wrote it. */
  scumble: string;
  state: RunState;
}

/** The file, in pieces that share the state's memory. */
export async function encodeCheckpoint(about: About, { vectors, numbers }: RunState): Promise<Uint8Array[]> {
  const tensors: [string, Tensor][] = [
    ...Object.entries(numbers).map(([name, values]): [string, Tensor] => {
      return [
        `numbers.${name}`,
        { dtype: 'F64', shape: [values.length], data: bytesOf(Float64Array.from(values)) },
      ];
    }),
    ...Object.entries(vectors).map(([name, values]): [string, Tensor] => {
      return [`vectors.${name}`, { dtype: 'F32', shape: [values.length], data: bytesOf(values) }];
    }),
  ];
  const said = Object.entries(about).filter(([, value]) => value !== undefined);
  const words = {
    format: FORMAT,
    version: String(VERSION),
    scumble: version,
    ...Object.fromEntries(said.map(([name, value]) => [name, JSON.stringify(value)])),
  };
  return encodeSafetensors(tensors, { ...words, sha256: await digest(words, new Map(tensors)) });
}

/** @throws CheckpointError for a file that is none, is damaged, or is of a later version */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const file = await readFile(path);
  const { sha256, ...words } = file.metadata;
  const refuse = (problem: string) => refuseFile(path, problem);
  if (words.format !== FORMAT) return refuse('is no checkpoint');
  if (words.version !== String(VERSION)) {
    throw new CheckpointError(
      path,
      `checkpoint "${shorten(path)}" is of version ${words.version}, by Scumble ${words.scumble}: this Scumble (${version}) reads version ${VERSION}; go on with that one`,
    );
  }
  if (sha256 !== (await digest(words, file.tensors))) return refuse('is damaged');
  const parsed = schema.safeParse(parseWords(words));
  if (!parsed.success) {
    const { path: at, message } = parsed.error.issues[0]!;
    return refuse(`is not understood: ${at.join('.')}: ${message}`);
  }
  checkSaid('checkpoint', path, settable(parsed.data.options));
  return { path, scumble: words.scumble ?? '', ...parsed.data, state: stateIn(file, path) };
}

/** What is said in JSON; what is not JSON is left out, which the schema says. */
function parseWords(words: Record<string, string>): Record<string, unknown> {
  const parsed: Record<string, unknown> = {};
  for (const name of Object.keys(metadata)) {
    try {
      if (words[name] !== undefined) parsed[name] = JSON.parse(words[name]);
    } catch {}
  }
  return parsed;
}

async function readFile(path: string): Promise<TensorFile> {
  try {
    return await readLargeSafetensors(path);
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    return refuseFile(path, error.message.replace(`${path}: `, ''), error);
  }
}

/** @throws CheckpointError that says of the one before, if it is there */
async function refuseFile(path: string, problem: string, cause?: unknown): Promise<never> {
  const previous = previousOf(path);
  const other = await access(previous).then(
    () => `; the one before it is "${shorten(previous)}"`,
    () => '',
  );
  throw new CheckpointError(path, `checkpoint "${shorten(path)}" ${problem}${other}`, cause);
}

function stateIn({ tensors }: TensorFile, path: string): RunState {
  const state: RunState = { vectors: {}, numbers: {} };
  for (const [name, { dtype, data }] of tensors) {
    const [, kind, key = ''] = /^(vectors|numbers)\.(.+)$/s.exec(name) ?? [];
    if (kind === 'vectors' && dtype === 'F32') {
      state.vectors[key] = new Float32Array(data.buffer, data.byteOffset, data.length / 4);
    } else if (kind === 'numbers' && dtype === 'F64') {
      state.numbers[key] = Array.from(new Float64Array(data.buffer, data.byteOffset, data.length / 8));
    } else {
      throw new CheckpointError(path, `checkpoint "${shorten(path)}" has a ${dtype} that no state has`);
    }
  }
  return state;
}

/** What presets and files of options may say too; what is wrong with the rest, whoever goes on is told. */
function settable(all: Record<string, unknown>): Record<string, unknown> {
  const { content, style, preset, checkpointEvery, ...options } = all;
  return options.init === null ? { ...options, init: undefined } : options;
}

function digest(words: Record<string, string>, tensors: ReadonlyMap<string, Tensor>): Promise<string> {
  const order = Object.keys(words).sort();
  const names = [...tensors].map(([name, { dtype }]) => `${name} ${dtype}`);
  const said = JSON.stringify([order.map((name) => [name, words[name]]), names]);
  return hashOf('sha256', [Buffer.from(said), ...[...tensors.values()].map(({ data }) => data)]);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Float64Array) =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
