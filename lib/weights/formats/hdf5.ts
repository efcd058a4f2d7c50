// HDF5, as Keras and MATLAB 7.3 write it, read by the HDF5 library itself. That is large, and was not written for files
// that mean harm: it runs compiled to WebAssembly, without any file but the one, in a worker that is ended when it
// takes too long.

import { once } from 'node:events';
import { setInterval } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { refuse } from '../refuse.js';
import { WeightsFile } from './file.js';
import { nameConvolutions } from './matconvnet.js';
import type { Tensor, TensorFile } from './tensors.js';

/** What the worker is sent: a file, and how much memory its datasets may take. */
export interface Hdf5Job {
  bytes: Uint8Array;
  limit: number;
}

/** What it answers: that it can start, then what the file holds, or what is wrong with it. */
export type Hdf5Reply =
  | { ready: true }
  | { tensors: [string, Tensor][]; metadata: [string, string][] }
  | { problem: string };

const SIGNATURE = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');
const MATLAB = 'MATLAB 7.3';

/** The largest file that the library's 2 GB of memory can take, with what is read of it. */
const MAX_FILE_BYTES = 1e9;

/** Milliseconds that a file may take, and each of its bytes. */
const PATIENCE = 600;
const PATIENCE_PER_BYTE = 2e-5;

/** How many times as long it may take by the clock, on a machine with much else to do. */
const LONGEST_WAIT = 20;

/** A worker whose memory has grown by a file of more bytes is not kept. */
const MAX_KEPT_BYTES = 4e6;

/**
 * Reads all datasets of numbers; names are their ways from the root, as `block1_conv1/block1_conv1/kernel:0`. A dataset
 * of references, as MATLAB 7.3 has for cells, becomes its targets: `layers/0`, `layers/1`. Text of MATLAB's is
 * metadata, and so are `keras_version` and `backend`. Groups `optimizer`, `optimizer_weights` and those that start with `#` are left
 * out. What a network of MatConvNet has for its convolutions is named after them.
 *
 * @throws WeightsError when the file cannot be read or breaks the format in any way.
 */
export function readHdf5(path: string): Promise<TensorFile> {
  return WeightsFile.use(path, async (file) => {
    if (file.size > MAX_FILE_BYTES) {
      refuse(path, `has ${file.size} bytes, more than the limit of ${MAX_FILE_BYTES} for HDF5`);
    }
    const bytes = await file.read(0, file.size);
    const isMatlab = Buffer.from(bytes.subarray(0, MATLAB.length)).toString('latin1') === MATLAB;
    const found = await readHdf5Bytes(bytes, path, 0);
    return isMatlab ? nameConvolutions(found) : found;
  });
}

/**
 * readHdf5() for `bytes`, which are the caller's no more, from byte `offset` of a file on.
 *
 * @throws WeightsError when they break the format in any way.
 */
export async function readHdf5Bytes(bytes: Uint8Array, path: string, offset: number): Promise<TensorFile> {
  const start = superblock(bytes);
  if (start === undefined) refuse(path, 'is no HDF5 file: it has no superblock', { offset });
  const limit = bytes.length + 1e6;
  const patience = PATIENCE + PATIENCE_PER_BYTE * bytes.length;
  const reply = await inTurn(() => inWorker({ bytes, limit }, patience));
  if ('problem' in reply) refuse(path, reply.problem, { offset: offset + start });
  return {
    metadata: Object.assign(Object.create(null), Object.fromEntries(reply.metadata)),
    tensors: new Map(reply.tensors),
  };
}

/** It is at 0, 512, 1024, 2048 …: before it a program may have its own say. */
function superblock(bytes: Uint8Array): number | undefined {
  for (let at = 0; at + SIGNATURE.length <= bytes.length; at = at === 0 ? 512 : 2 * at) {
    if (SIGNATURE.equals(bytes.subarray(at, at + SIGNATURE.length))) return at;
  }
  return undefined;
}

/** The library may forget to give back what it took for a damaged file. */
const MAX_FILES = 100;

let idle: { worker: Worker; files: number } | undefined;

let last: Promise<unknown> = Promise.resolve();

/** One file at a time, so that none is out of patience because of the others. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const mine = last.then(work);
  last = mine.catch(() => {});
  return mine;
}

async function inWorker(job: Hdf5Job, patience: number): Promise<Exclude<Hdf5Reply, { ready: true }>> {
  const size = job.bytes.length;
  const { worker, files } = idle ?? { worker: newWorker(), files: 0 };
  idle = undefined;
  let keep = false;
  try {
    worker.ref();
    if (files === 0) await next(worker);
    const answer = next(worker, patience);
    worker.postMessage(job, [job.bytes.buffer as ArrayBuffer]);
    const reply = await answer;
    if ('ready' in reply) throw new Error('the HDF5 worker answers without being asked');
    keep = size <= MAX_KEPT_BYTES && files + 1 < MAX_FILES;
    return reply;
  } catch (error) {
    if (error instanceof Lost) return { problem: `cannot be read as HDF5: ${error.message}` };
    throw error;
  } finally {
    if (keep) {
      idle = { worker, files: files + 1 };
      worker.unref();
    } else await worker.terminate();
  }
}

function newWorker(): Worker {
  return new Worker(new URL('./hdf5-worker.js', import.meta.url), {
    execArgv: [], // a loader meant for the caller's own modules would only slow the worker down
    stdout: true, // where the library talks
    stderr: true,
  });
}

/** A worker that will not answer. */
class Lost extends Error {}

/** The worker's next message. @throws Lost if it ends instead, or goes on for longer than `patience` */
async function next(worker: Worker, patience = Number.POSITIVE_INFINITY): Promise<Hdf5Reply> {
  const settled = new AbortController();
  const message = once(worker, 'message', settled).then(([reply]) => reply as Hdf5Reply);
  const exit = once(worker, 'exit', settled).then(() => {
    throw new Lost('the library gave up');
  });
  const late = overdue(patience, settled.signal);
  try {
    return await Promise.race([message, exit, late]);
  } catch (cause) {
    throw new Lost((cause as Error).message, { cause }); // also the worker's own 'error'
  } finally {
    settled.abort();
    await Promise.allSettled([message, exit, late]);
  }
}

/**
 * Rejects once `patience` is over both by the clock and in processor time, which the rest of the process also spends: a
 * machine with much else to do is no fault of the file.
 */
async function overdue(patience: number, signal: AbortSignal): Promise<never> {
  const usage = process.cpuUsage();
  const begun = performance.now();
  for await (const _ of setInterval(50, undefined, { signal, ref: false })) {
    const { user, system } = process.cpuUsage(usage);
    const waited = performance.now() - begun;
    if (Math.min(waited, (user + system) / 1000) > patience || waited > LONGEST_WAIT * patience) break;
  }
  throw new Lost('it takes too long');
}
