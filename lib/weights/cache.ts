// The networks that this machine has made or fetched: one safetensors file each in a folder of the user's, with its
// fingerprint beside it in the form that `sha256sum --check` reads.

import { access, mkdir, readFile, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import envPaths from 'env-paths';
import { outputError, writeAtomically } from '../files/atomic.js';
import { hashFile, hashOf } from './hash.js';

/** All that this user's Scumble keeps: SCUMBLE_CACHE, or where the system keeps what programs cache. It may not exist yet. */
export function cacheRoot(): string {
  return resolve(process.env.SCUMBLE_CACHE || envPaths('scumble', { suffix: '' }).cache);
}

/** The networks' folder in it, which may not exist yet either. */
export function cacheFolder(): string {
  return join(cacheRoot(), 'weights');
}

/** Makes the folder. @throws OutputError */
export async function makeCacheFolder(): Promise<string> {
  const folder = cacheFolder();
  await mkdir(folder, { recursive: true }).catch((error) => {
    throw outputError(folder, error);
  });
  return folder;
}

/** Where the network called `name` is once it is cached. */
export function cachedFile(name: string): string {
  return join(cacheFolder(), `${name}.safetensors`);
}

export async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/**
 * Puts a network, which comes in pieces, into the cache: the file is there complete or not at all.
 *
 * @returns its path
 * @throws OutputError
 */
export async function store(name: string, pieces: readonly Uint8Array[]): Promise<string> {
  const file = cachedFile(name);
  const sha256 = await hashOf('sha256', pieces);
  await rm(file, { force: true }); // so that no file is ever beside the fingerprint of another
  await writeAtomically(fingerprintFile(file), Buffer.from(`${sha256}  ${basename(file)}\n`));
  await writeAtomically(file, pieces);
  return file;
}

/** Whether a cached file is, byte by byte, what was put there. */
export async function isIntact(file: string, signal?: AbortSignal): Promise<boolean> {
  const fingerprint = await readFile(fingerprintFile(file), 'utf8').catch(() => '');
  const sha256 = /^[0-9a-f]{64}(?= {2})/.exec(fingerprint)?.[0];
  return sha256 !== undefined && (await hashFile('sha256', file, signal)) === sha256;
}

const fingerprintFile = (file: string) => `${file}.sha256`;
