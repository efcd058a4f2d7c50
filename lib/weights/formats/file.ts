// A weights file, open for reading at any place. Whatever the operating system says against it becomes a WeightsError
// here, so that a reader needs to catch nothing and any other error that leaves one is a fault of Scumble.

import { type FileHandle, open, stat } from 'node:fs/promises';
import { refuse } from '../refuse.js';

/** 2 GB: more than three times the largest VGG, classifier included. */
const MAX_FILE_BYTES = 2e9;

/** A regular file of at most 2 GB. */
export class WeightsFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly #handle: FileHandle;

  private constructor(path: string, size: number, handle: FileHandle) {
    this.path = path;
    this.size = size;
    this.#handle = handle;
  }

  /**
   * Opens `path` for as long as `reader` runs, and resolves to what that resolves to.
   *
   * @throws WeightsError when there is no such file, it is not a regular one, is too large or cannot be opened.
   */
  static async use<T>(path: string, reader: (file: WeightsFile) => Promise<T>): Promise<T> {
    const { size, handle } = await openRegular(path);
    try {
      return await reader(new WeightsFile(path, size, handle));
    } finally {
      await handle.close();
    }
  }

  /**
   * `length` bytes from `start` on, in memory of their own.
   *
   * @throws WeightsError when the file has no such bytes or they cannot be read.
   */
  async read(start: number, length: number): Promise<Uint8Array> {
    const left = Math.max(this.size - start, 0);
    if (length > left) {
      refuse(this.path, `${length} bytes should be here, but only ${left} follow`, { offset: start });
    }
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const position = start + done;
      const { bytesRead } = await this.#handle
        .read(bytes, done, length - done, position)
        .catch((cause) => refuse(this.path, `cannot be read: ${cause.message}`, { offset: position, cause }));
      if (bytesRead === 0) refuse(this.path, 'ended while it was being read', { offset: position });
      done += bytesRead;
    }
    return bytes;
  }
}

async function openRegular(path: string): Promise<{ size: number; handle: FileHandle }> {
  const cannot = (error: NodeJS.ErrnoException): never =>
    refuse(path, error.code === 'ENOENT' ? 'does not exist' : `cannot be read: ${error.message}`, {
      cause: error,
    });
  const stats = await stat(path).catch(cannot); // first: to open a pipe would wait for its other end
  if (!stats.isFile()) refuse(path, 'is not a regular file');
  if (stats.size > MAX_FILE_BYTES) {
    refuse(path, `has ${stats.size} bytes, more than the limit of ${MAX_FILE_BYTES}`);
  }
  return { size: stats.size, handle: await open(path).catch(cannot) };
}
