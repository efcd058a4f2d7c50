// What a run was given, as hashes: whoever goes on from a checkpoint must have the same.

import { toPath } from '../image/source.js';
import type { ImageSource } from '../image/types.js';
import type { ResolvedOptions } from '../options/options.js';
import { hashFile, hashOf } from '../weights/hash.js';
import { isImage } from './inputs.js';

/** SHA-256 in hexadecimal; of an image in memory, of its bytes and its shape. */
export interface Fingerprints {
  weights: string;
  content: string;
  style: string[];
  /** Of an image to start from. */
  init?: string | undefined;
}

/** @param network the file of the network */
export async function fingerprintsOf(
  { content, styles, init, signal }: Pick<ResolvedOptions, 'content' | 'styles' | 'init' | 'signal'>,
  network: string,
): Promise<Fingerprints> {
  const style: string[] = [];
  for (const source of styles) style.push(await hashImage(source, 'style', signal));
  return {
    weights: await hashFile('sha256', network, signal),
    content: await hashImage(content, 'content', signal),
    style,
    ...(isImage(init) && { init: await hashImage(init, 'init', signal) }),
  };
}

async function hashImage(source: ImageSource, option: string, signal?: AbortSignal): Promise<string> {
  if (typeof source === 'string' || source instanceof URL) {
    return hashFile('sha256', toPath(source, option), signal);
  }
  if (source instanceof Uint8Array) return hashOf('sha256', [source]);
  if (source instanceof ArrayBuffer) return hashOf('sha256', [new Uint8Array(source)]);
  const { data, width, height, channels } = source;
  const shape = Buffer.from([data.constructor.name, width, height, channels].join(' '));
  return hashOf('sha256', [shape, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}
