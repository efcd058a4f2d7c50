// Gets a network of the catalogue onto this machine: download or make, check, convert, put into the cache. Two that
// want the same one, in one process or two, do it once.

import { rm } from 'node:fs/promises';
import { extname } from 'node:path';
import { DownloadError, OptionError } from '../errors.js';
import { cachedFile, isIntact, makeCacheFolder, store } from './cache.js';
import { type CatalogEntry, catalogNamed, type DownloadSource, embeddedFile } from './catalog.js';
import { ADVICE } from './classifier.js';
import type { Patience } from './download.js';
import { encodeSafetensors } from './formats/safetensors.js';
import { locked } from './lock.js';
import { encodeNetwork, hasClassifier } from './network.js';
import { randomNetwork } from './random.js';

/** How far a download is, in bytes. */
export interface PullProgress {
  received: number;
  size: number;
}

export interface PullOptions {
  /** Called as the download grows; a promise it returns is waited for. */
  onProgress?: (progress: PullProgress) => unknown;
  /** Whether the classifier is kept too, for recognize(). Default: of the networks that are there for it. */
  classifier?: boolean;
  /** Aborts the download, which a later one continues; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** As far as its callers outside the package need not know. */
export interface PullSettings extends PullOptions {
  /** Called if another process is at work on the same network. */
  onWait?: () => void;
  patience?: Partial<Patience>;
}

/**
 * Downloads a network of the catalogue (`vgg19`, `vgg16`, …), checks its hash, and keeps it as safetensors in the
 * user's cache, unless it is there already, intact.
 *
 * @param name see `scumble weights list`
 * @returns the path of the safetensors file
 * @throws OptionError for another name or a classifier that there is not, DownloadError when no mirror gives the file, OutputError when the cache cannot
 *   be written
 */
export async function pullWeights(name: string, options: PullOptions = {}): Promise<string> {
  return pull(catalogNamed(name), options);
}

/** pullWeights() for an entry. */
export async function pull(entry: CatalogEntry, options: PullSettings = {}): Promise<string> {
  const { name, source } = entry;
  const { signal, onWait } = options;
  signal?.throwIfAborted();
  const classifier = keepsClassifier(entry, options.classifier);
  if (source.kind === 'embedded') return embeddedFile(source.file);
  await makeCacheFolder();
  const file = cachedFile(name);
  return locked(
    file,
    async (signal) => {
      const isHere = await isIntact(file, signal).catch(() => false);
      if (isHere && (!classifier || (await hasClassifier(file)))) return file;
      signal.throwIfAborted();
      if (source.kind === 'download') return downloaded(name, source, { ...options, classifier, signal });
      const { tensors, metadata } = await randomNetwork(source.architecture, source.seed, signal);
      return store(name, encodeSafetensors(tensors, metadata));
    },
    { signal, onWait },
  );
}

async function downloaded(name: string, source: DownloadSource, options: PullSettings): Promise<string> {
  const { onProgress, signal, patience, classifier = false } = options;
  const { size, input } = source;
  const file = partialFile(name, source);
  const { download } = await import('./download.js'); // and with it an HTTP client
  try {
    await download(source, file, {
      network: name,
      signal,
      patience,
      onProgress: (received) => onProgress?.({ received, size }),
    });
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    const command = `scumble weights import${classifier ? ' --classifier' : ''}`;
    const advice = `Without a connection: get such a file elsewhere, convert it with "${command}", and give the result as weights.`;
    throw new DownloadError(name, `${error.message}\n${advice}`, error);
  }
  const { importNetwork } = await import('./import.js'); // and with it the readers
  const { network } = await importNetwork(file, { ...(input && { input }), classifier });
  signal?.throwIfAborted();
  const stored = await store(name, encodeNetwork(network));
  await rm(file, { force: true });
  return stored;
}

/** Whether an entry's network is to have its classifier. @throws OptionError if it is to, and there is none */
function keepsClassifier({ name, source }: CatalogEntry, asked = false): boolean {
  const has = source.kind === 'download' ? source.classifier : undefined;
  if (asked && has === undefined) {
    throw new OptionError(
      'classifier',
      asked,
      `classifier cannot be kept of ${name}: it has none; ${ADVICE}`,
    );
  }
  return has === 'always' || (asked && has === 'asked');
}

/** Where a download gathers; what it is converted from keeps its extension. */
function partialFile(name: string, { urls }: DownloadSource): string {
  return `${cachedFile(name).slice(0, -'.safetensors'.length)}.part${extname(new URL(urls[0]!).pathname)}`;
}
