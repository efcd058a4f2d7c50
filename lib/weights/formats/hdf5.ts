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
const CANNOT = 'cannot be read as HDF5';

/** The largest file that the library's 2 GB of memory can take, with what is read of it. */
const MAX_FILE_BYTES = 1e9;

/** Milliseconds of processor time: of any file, and of each byte. */
const PATIENCE = 800;
const PATIENCE_PER_BYTE = 2e-5;

/** How many times as long it may take by the clock, on a machine with much else to do. */
const LONGEST_WAIT = 20;

/** A worker whose memory has grown by a file of more bytes is not kept. */
const MAX_KEPT_BYTES = 4e6;

/**
 * Reads all datasets of numbers; names are their ways from the root, as `block1_conv1/block1_conv1/kernel:0`. A dataset
 * of references, as MATLAB 7.3 has for cells, becomes its targets: `layers/0`, `layers/1`. Text of MATLAB's is
 * metadata, and so are `keras_version` and `backend`. Groups `optimizer_weights` and those that start with `#` are left
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
    const start = superblock(bytes);
    if (start === undefined) refuse(path, 'is no HDF5 file: it has no superblock', { offset: 0 });
    const isMatlab = Buffer.from(bytes.subarray(0, MATLAB.length)).toString('latin1') === MATLAB;
    const limit = file.size + 1e6;
    const patience = PATIENCE + PATIENCE_PER_BYTE * file.size;
    const reply = await inWorker({ bytes, limit }, patience);
    if ('problem' in reply) refuse(path, reply.problem, { offset: start });
    const found = {
      metadata: Object.assign(Object.create(null), Object.fromEntries(reply.metadata)),
      tensors: new Map(reply.tensors),
    };
    return isMatlab ? nameConvolutions(found) : found;
  });
}

/** It is at 0, 512, 1024, 2048 …: before it a program may have its own say. */
export function superblock(bytes: Uint8Array): number | undefined {
  for (let at = 0; at + SIGNATURE.length <= bytes.length; at = at === 0 ? 512 : 2 * at) {
    if (SIGNATURE.equals(bytes.subarray(at, at + SIGNATURE.length))) return at;
  }
  return undefined;
}

let idle: Worker | undefined;

async function inWorker(job: Hdf5Job, patience: number): Promise<Exclude<Hdf5Reply, { ready: true }>> {
  const size = job.bytes.length;
  let worker = idle;
  idle = undefined;
  let keep = false;
  try {
    if (!worker) {
      worker = new Worker(new URL('./hdf5-worker.js', import.meta.url), {
        execArgv: [], // a loader meant for the caller's own modules would only slow the worker down
        stdout: true, // where the library talks
        stderr: true,
      });
      await next(worker);
    }
    worker.ref();
    const answer = next(worker, patience);
    worker.postMessage(job, [job.bytes.buffer as ArrayBuffer]);
    const reply = await answer;
    keep = size <= MAX_KEPT_BYTES && !('ready' in reply);
    return reply as Exclude<Hdf5Reply, { ready: true }>;
  } finally {
    if (keep && !idle) {
      idle = worker;
      worker?.unref();
    } else await worker?.terminate();
  }
}

/** The worker's next message. A `problem` also if it ends, or takes more than `patience` of processor time. */
async function next(worker: Worker, patience = Number.POSITIVE_INFINITY): Promise<Hdf5Reply> {
  const usage = process.cpuUsage();
  const begun = performance.now();
  const settled = new AbortController();
  const message = once(worker, 'message', settled).then(([reply]) => reply as Hdf5Reply);
  const exit = once(worker, 'exit', settled).then(() => ({ problem: `${CANNOT}: the library gave up` }));
  const overdue = (async (): Promise<Hdf5Reply> => {
    for await (const _ of setInterval(50, undefined, { signal: settled.signal, ref: false })) {
      const { user, system } = process.cpuUsage(usage);
      const late = performance.now() - begun > LONGEST_WAIT * patience;
      if ((user + system) / 1000 > patience || late) break;
    }
    return { problem: `${CANNOT}: it takes too long` };
  })();
  try {
    return await Promise.race([message, exit, overdue]);
  } catch (cause) {
    return { problem: `${CANNOT}: ${(cause as Error).message}` }; // the worker's 'error'
  } finally {
    settled.abort();
    await Promise.allSettled([message, exit, overdue]);
  }
}
