// A file from one of several mirrors, known by its size and hash. What has come so far stays on disk, and the next try
// goes on from there, at whatever mirror: that the pieces fit together, the hash at the end tells.

import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { DownloadError } from '../errors.js';
import { outputError } from '../files/atomic.js';
import type { DownloadSource } from './catalog.js';
import { hashFile } from './hash.js';
import { dispatcher, MirrorFault, networkFault, request } from './http.js';

/** How long to bear with a mirror. */
export interface Patience {
  /** Milliseconds without a sign of life. Default 30,000. */
  silence: number;
  /** Milliseconds before a second try; twice as many before a third, and so on. Default 1000. */
  pause: number;
  /** Tries in a row that bring next to nothing. Default 4. */
  tries: number;
}

export interface DownloadOptions {
  /** What the file is for: a name for messages. */
  network: string;
  signal?: AbortSignal | undefined;
  /** Called as the file grows, with its bytes so far; a promise it returns is waited for. */
  onProgress?: ((received: number) => unknown) | undefined;
  patience?: Partial<Patience> | undefined;
}

interface Transfer {
  source: DownloadSource;
  file: string;
  dispatcher: Dispatcher;
  patience: Patience;
  signal: AbortSignal | undefined;
  onProgress: ((received: number) => unknown) | undefined;
}

/**
 * Downloads to `file`, going on with what is there; when this resolves, its size and hash are right. If it rejects,
 * what has come stays, except where it cannot be part of the right file.
 *
 * @throws DownloadError when no mirror gives the file, OutputError when it cannot be written, the signal's reason
 */
export async function download(
  source: DownloadSource,
  file: string,
  options: DownloadOptions,
): Promise<void> {
  const { network, signal, onProgress } = options;
  const patience = { silence: 30_000, pause: 1000, tries: 4, ...options.patience };
  const transfer: Transfer = {
    source,
    file,
    dispatcher: dispatcher(patience.silence),
    patience,
    signal,
    onProgress,
  };
  const faults: string[] = [];
  try {
    for (const url of source.urls) {
      try {
        await fromMirror(url, transfer);
        return;
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof MirrorFault)) throw error;
        faults.push(`${url} ${error.message}`);
      }
    }
  } finally {
    await transfer.dispatcher.destroy();
  }
  throw new DownloadError(
    network,
    `${network} cannot be downloaded:\n${faults.map((f) => `  ${f}`).join('\n')}`,
  );
}

/** All of the file from one mirror, and right. */
async function fromMirror(url: string, transfer: Transfer): Promise<void> {
  const { file } = transfer;
  const begun = (await sizeOf(file)) > 0;
  await persist(url, transfer);
  let problem = await wrongHash(transfer);
  if (problem && begun) {
    // What was there before may be to blame.
    await rm(file, { force: true });
    await persist(url, transfer);
    problem = await wrongHash(transfer);
  }
  if (!problem) return;
  await rm(file, { force: true });
  throw new MirrorFault(problem, false);
}

/** Tries until the file has its size, or too many tries in a row have brought next to nothing. */
async function persist(url: string, transfer: Transfer): Promise<void> {
  const { file, source, patience, signal } = transfer;
  for (let fruitless = 0; ; ) {
    const start = await sizeOf(file);
    if (start === source.size) return;
    try {
      return await receive(url, start < source.size ? start : 0, transfer);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof MirrorFault && error.passing)) throw error;
      const gained = (await sizeOf(file)) - start;
      fruitless = gained > source.size / 100 ? 0 : fruitless + 1;
      if (fruitless >= patience.tries) throw error;
      await setTimeout(patience.pause * 2 ** Math.max(fruitless - 1, 0), undefined, { signal });
    }
  }
}

/** One response, written to the file from byte `start` on, or from its own start where the mirror sends all of it. */
async function receive(url: string, start: number, transfer: Transfer): Promise<void> {
  const { file, source, signal, onProgress } = transfer;
  const response = await request(url, start, { dispatcher: transfer.dispatcher, signal });
  const body = response.body ?? [];
  const from = response.status === 206 ? start : 0;
  let handle: FileHandle | undefined;
  try {
    checkLength(response, from, source.size);
    handle = await open(file, from > 0 ? 'r+' : 'w').catch(unwritable(file));
    let received = from;
    await onProgress?.(received);
    for await (const chunk of chunks(body)) {
      if (received + chunk.length > source.size) {
        throw new MirrorFault(`sends more than the ${source.size} bytes that the file has`, false);
      }
      for (let done = 0; done < chunk.length; ) {
        const { bytesWritten } = await handle
          .write(chunk, done, chunk.length - done, received + done)
          .catch(unwritable(file));
        done += bytesWritten;
      }
      received += chunk.length;
      await onProgress?.(received);
    }
    if (received < source.size) {
      throw new MirrorFault(`ends after ${received} of ${source.size} bytes`, true);
    }
  } finally {
    await handle?.close().catch(unwritable(file));
    if (response.body && !response.body.locked) await response.body.cancel().catch(() => {});
  }
}

/** The pieces of a body; whatever breaks it is the mirror's fault. */
async function* chunks(body: AsyncIterable<Uint8Array> | Uint8Array[]): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw networkFault(error);
  }
}

/** @throws MirrorFault if the response is not what it should be a part of */
function checkLength({ status, headers }: { status: number; headers: Headers }, from: number, size: number) {
  const wrong = (what: string) => new MirrorFault(what, false);
  if (status === 206) {
    const range = headers.get('content-range') ?? '';
    const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range) ?? [];
    if (Number(first) !== from) throw wrong(`sends the range "${range}", not from byte ${from} on`);
    if (total !== '*' && Number(total) !== size) throw wrong(`has ${total} bytes, not ${size}`);
  } else {
    const length = headers.get('content-length');
    if (length !== null && Number(length) !== size) throw wrong(`has ${length} bytes, not ${size}`);
  }
}

async function wrongHash({ source, file, signal }: Transfer): Promise<string | undefined> {
  const [algorithm, expected] = source.hash.split(':') as ['sha256' | 'md5', string];
  const found = await hashFile(algorithm, file, signal);
  return found === expected ? undefined : `has the ${algorithm} ${found}, not ${expected}`;
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

function unwritable(file: string): (error: unknown) => never {
  return (error) => {
    throw outputError(file, error);
  };
}
