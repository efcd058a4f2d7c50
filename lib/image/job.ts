// Decoding, encoding and per-pixel loops run in a worker, one per job, so that the event loop stays free. A fresh
// worker costs about 100 ms, keeps no memory afterwards, and loads only the codec that its job needs.

import { Worker } from 'node:worker_threads';
import type { Raster, RawImage } from './types.js';

/** The formats that can be written. */
export type Format = 'png' | 'jpeg' | 'webp' | 'tiff' | 'avif';

/** An encoded image: the path of a file, or its bytes. */
export type Encoded = string | Uint8Array;

/** What is known of an image before its pixels are decoded. */
export interface Header {
  /** Pixels per row, after EXIF orientation. */
  width: number;
  /** Rows, after EXIF orientation. */
  height: number;
  /** Whether the image can hold transparency; its pixels may still all be opaque. */
  hasAlpha: boolean;
}

/** Every job: what goes in and what comes out. */
export interface Jobs {
  probe: { input: { source: Encoded; maxPixels: number }; output: Header };
  decode: { input: { source: Encoded; maxPixels: number } | { raw: RawImage }; output: Raster };
  encode: {
    input: {
      raster: Raster;
      format: Format;
      bitDepth: 8 | 16;
      quality: number | undefined;
      json: string | undefined;
    };
    output: Uint8Array;
  };
  describe: { input: { source: Encoded }; output: string | undefined };
}

/** A job as the worker receives it. */
export type Job = { [K in keyof Jobs]: { kind: K; input: Jobs[K]['input'] } }[keyof Jobs];

/** The worker's only message. */
export type Reply = { result: Jobs[keyof Jobs]['output'] } | { code: JobError['code']; reason: string };

/** Why a job failed. `message` is a predicate ("is empty"): the caller knows the subject. */
export class JobError extends Error {
  readonly code: 'ERR_IMAGE' | 'ERR_IMAGE_SIZE';
  constructor(code: JobError['code'], reason: string, cause?: unknown) {
    super(reason, { cause });
    this.name = 'JobError';
    this.code = code;
  }
}

/** Runs one job. The buffers of `moved` are transferred, so the caller must have no further use for them. */
export async function runJob<K extends keyof Jobs>(
  kind: K,
  input: Jobs[K]['input'],
  moved: ArrayBufferView[] = [],
): Promise<Jobs[K]['output']> {
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: { kind, input },
    transferList: moved.map((view) => view.buffer as ArrayBuffer),
    execArgv: [], // a loader meant for the caller's own modules would only slow the worker down
  });
  try {
    return await new Promise((resolve, reject) => {
      const fail = (cause: Error) =>
        reject(new JobError('ERR_IMAGE', `cannot be processed: ${cause.message}`, cause));
      worker.once('message', (reply: Reply) => {
        if ('result' in reply) resolve(reply.result as Jobs[K]['output']);
        else reject(new JobError(reply.code, reply.reason));
      });
      worker.once('error', fail);
      worker.once('exit', () => fail(new Error('the worker ended early')));
    });
  } finally {
    await worker.terminate();
  }
}
