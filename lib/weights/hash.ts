// Fingerprints of files, and of what is to become one; the event loop turns meanwhile.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { inTurns } from './turns.js';

/** The hash of a file's bytes, in hexadecimal. */
export async function hashFile(
  algorithm: 'sha256' | 'md5',
  file: string,
  signal?: AbortSignal,
): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file), hash, { signal });
  return hash.digest('hex');
}

/** The hash of pieces, one after the other, in hexadecimal. */
export async function hashOf(algorithm: 'sha256' | 'md5', pieces: readonly Uint8Array[]): Promise<string> {
  const hash = createHash(algorithm);
  for (const piece of pieces) {
    await inTurns(piece.length, (start, end) => hash.update(piece.subarray(start, end)));
  }
  return hash.digest('hex');
}
