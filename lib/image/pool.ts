// The one worker that all jobs on images share, so that the event loop stays free. Starting it costs about 100 ms, so it
// is kept for a while; it never keeps the process alive by itself, and losing it costs the job it had and no other.

import { Worker } from 'node:worker_threads';
import { type Job, JobError, type Jobs, type Reply } from './job.js';

/** How long an idle worker is kept, in milliseconds. */
const IDLE = 10_000;

/** Pixels are outside the JavaScript heap; what is inside is small unless a file is hostile. In megabytes. */
const HEAP = 256;

/** Of address space for compiled code, in megabytes: V8 reserves hundreds otherwise, and ends the process where it may not. */
const CODE = 16;

interface Task {
  job: Job;
  moved: ArrayBufferView[];
  resolve(result: Jobs[keyof Jobs]['output']): void;
  reject(error: unknown): void;
}

const waiting: Task[] = [];
let running: Task | undefined;
let worker: Worker | undefined;
let idle: NodeJS.Timeout | undefined;

/**
 * Runs one job, after those that were handed in before it. The buffers of `moved` are transferred, so the caller must have
 * no further use for them. An abort rejects with the signal's reason at once; if the job has begun, its worker ends.
 */
export function runJob<K extends keyof Jobs>(
  kind: K,
  input: Jobs[K]['input'],
  moved: ArrayBufferView[] = [],
  signal?: AbortSignal,
): Promise<Jobs[K]['output']> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = () => {
      task.reject(signal?.reason);
      if (running === task) endWorker();
      else waiting.splice(waiting.indexOf(task), 1);
    };
    const settle = () => signal?.removeEventListener('abort', abort);
    const task: Task = {
      job: { kind, input } as Job,
      moved,
      resolve(result) {
        settle();
        resolve(result as Jobs[K]['output']);
      },
      reject(error) {
        settle();
        reject(error);
      },
    };
    signal?.addEventListener('abort', abort, { once: true });
    waiting.push(task);
    next();
  });
}

/** Ends the worker, and the job that it has; the next job starts another. */
export async function endWorker(): Promise<void> {
  const ended = worker;
  if (!ended) return;
  lost(ended, new Error('the worker was ended'));
  await ended.terminate();
}

function next(): void {
  if (running) return;
  clearTimeout(idle);
  const task = waiting.shift();
  if (!task) {
    if (!worker) return;
    worker.unref();
    idle = setTimeout(endWorker, IDLE).unref();
    return;
  }
  running = task;
  try {
    worker ??= start();
    worker.ref();
    worker.postMessage(
      task.job,
      task.moved.map((view) => view.buffer as ArrayBuffer),
    );
  } catch (error) {
    running = undefined;
    task.reject(error);
    next();
  }
}

function start(): Worker {
  const started = new Worker(new URL('./worker.js', import.meta.url), {
    execArgv: [], // a loader meant for the caller's own modules would only slow the worker down
    resourceLimits: { maxOldGenerationSizeMb: HEAP, codeRangeSizeMb: CODE },
  });
  started.on('message', (reply: Reply) => {
    if (started !== worker) return; // it was ended meanwhile
    const task = running;
    running = undefined;
    if ('result' in reply) task?.resolve(reply.result);
    else task?.reject(new JobError(reply.code, reply.reason));
    next();
  });
  started.on('error', (error) => lost(started, error));
  started.on('exit', () => lost(started, new Error('the worker ended early')));
  return started;
}

function lost(ended: Worker, cause: unknown): void {
  if (ended !== worker) return;
  worker = undefined;
  const task = running;
  running = undefined;
  task?.reject(new JobError('ERR_IMAGE', `cannot be processed: ${(cause as Error).message}`, cause));
  next();
}
