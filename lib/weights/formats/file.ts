// A weights file, open for reading at any place. Whatever the operating system says against it becomes a WeightsError
// here, so that a reader needs to catch nothing and any other error that leaves one is a fault of Scumble.

import { type FileHandle, open, stat } from 'node:fs/promises';
import { refuse } from '../refuse.js';

/** 2 GB: more than three times the largest VGG, classifier included. */
const MAX_FILE_BYTES = 2e9;

/** Of one call to the system, which takes less than 2 GB. */
const MAX_READ_BYTES = 2 ** 30;

/** What a file may take beyond twice its size: a small one compresses well. */
const SPARE_BYTES = 1e6;

/** A regular file of at most 2 GB, and the account of the memory that reading it takes. */
export class WeightsFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly #handle: FileHandle;
  #claimed = 0;

  private constructor(path: string, size: number, handle: FileHandle) {
    this.path = path;
    this.size = size;
    this.#handle = handle;
  }

  /**
   * Opens `path` for as long as `reader` runs, and resolves to what that resolves to.
   *
   * @param most bytes that it may have
   * @throws WeightsError when there is no such file, it is not a regular one, is too large or cannot be opened.
   */
  static async use<T>(
    path: string,
    reader: (file: WeightsFile) => Promise<T>,
    most = MAX_FILE_BYTES,
  ): Promise<T> {
    const { size, handle } = await openRegular(path, most);
    try {
      return await reader(new WeightsFile(path, size, handle));
    } finally {
      await handle.close();
    }
  }

  /** For a library that reads the file by itself; not to be closed. */
  get descriptor(): number {
    return this.#handle.fd;
  }

  /**
   * `length` bytes from `start` on, in memory of their own, which is claimed.
   *
   * @throws WeightsError when the file has no such bytes, they cannot be read or are too much.
   */
  async read(start: number, length: number): Promise<Uint8Array> {
    this.#expect(start, length);
    this.claim(length, start);
    const bytes = new Uint8Array(length);
    await this.readInto(bytes, start);
    return bytes;
  }

  /**
   * Fills `bytes`, which the caller has claimed, with what the file has from `start` on.
   *
   * @throws WeightsError when the file has no such bytes or they cannot be read.
   */
  async readInto(bytes: Uint8Array, start: number): Promise<void> {
    this.#expect(start, bytes.length);
    for (let done = 0; done < bytes.length; ) {
      const position = start + done;
      const { bytesRead } = await this.#handle
        .read(bytes, done, Math.min(bytes.length - done, MAX_READ_BYTES), position)
        .catch((cause) => refuse(this.path, `cannot be read: ${cause.message}`, { offset: position, cause }));
      if (bytesRead === 0) refuse(this.path, 'ended while it was being read', { offset: position });
      done += bytesRead;
    }
  }

  /**
   * To be called before memory is taken for what the file holds: compressed bytes and tensors that repeat themselves
   * can ask for any amount. All claims together may reach twice the file's size.
   *
   * @param offset the byte of the file that asks for it
   * @param hint what to do about it, for the message
   * @throws WeightsError when they go beyond.
   */
  claim(bytes: number, offset: number, hint = ''): void {
    this.#claimed += bytes;
    if (this.#claimed > 2 * this.size + SPARE_BYTES) {
      refuse(this.path, `would take ${this.#claimed} bytes of memory, more than twice its size${hint}`, {
        offset,
      });
    }
  }

  /** Memory that was claimed and is no longer held. */
  release(bytes: number): void {
    this.#claimed -= bytes;
  }

  #expect(start: number, length: number): void {
    const left = Math.max(this.size - start, 0);
    if (length > left) {
      refuse(this.path, `${length} bytes should be here, but only ${left} follow`, { offset: start });
    }
  }
}

async function openRegular(path: string, most: number): Promise<{ size: number; handle: FileHandle }> {
  const cannot = (error: NodeJS.ErrnoException): never =>
    refuse(path, error.code === 'ENOENT' ? 'does not exist' : `cannot be read: ${error.message}`, {
      cause: error,
    });
  const stats = await stat(path).catch(cannot); // first: to open a pipe would wait for its other end
  if (!stats.isFile()) refuse(path, 'is not a regular file');
  if (stats.size > most) {
    refuse(path, `has ${stats.size} bytes, more than the limit of ${most}`);
  }
  return { size: stats.size, handle: await open(path).catch(cannot) };
}
