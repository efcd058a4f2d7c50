// From the option `weights` to a network: a name of the catalogue or the path of a file.

import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { DownloadError } from '../errors.js';
import { cachedFile, exists } from './cache.js';
import { type CatalogEntry, catalog, catalogEntry, embeddedFile, isName } from './catalog.js';
import { WeightsFile } from './formats/file.js';
import { whatElse } from './formats/foreign.js';
import { pull } from './pull.js';
import { refuse } from './refuse.js';

/** Where the JSON of a safetensors file begins. */
const JSON_START = 8;

export interface FindOptions {
  /** Whether a network that is not on this machine may be downloaded. */
  download: boolean;
  /** Whether what is downloaded is to have its classifier. Default false. */
  classifier?: boolean;
  signal?: AbortSignal | undefined;
}

/**
 * The file of the network that `weights` means.
 *
 * @throws WeightsError for a path where no such network is; DownloadError for a name whose network is not on this
 *   machine and may not or cannot be downloaded
 */
export async function findFile(weights: string, options: FindOptions): Promise<string> {
  const entry = catalogEntry(weights);
  if (!entry) return importedOr(weights);
  return (await fileOf(entry)) ?? (await fetchFile(entry, options));
}

/** The file of a network that is on this machine. */
export async function fileOf({ name, source }: CatalogEntry): Promise<string | undefined> {
  const file = source.kind === 'embedded' ? embeddedFile(source.file) : cachedFile(name);
  return (await exists(file)) ? file : undefined;
}

/** Like fileOf(). @throws DownloadError when it is not there */
export async function existingFile(entry: CatalogEntry): Promise<string> {
  return (await fileOf(entry)) ?? missing(entry);
}

/** Bytes of the file that an entry's network comes as. */
export async function sizeOf({ source }: CatalogEntry): Promise<number> {
  return source.kind === 'embedded' ? (await stat(embeddedFile(source.file))).size : source.size;
}

/** Bytes as people read them: 80 MB. */
export function megabytes(bytes: number): string {
  return bytes < 1e7 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.round(bytes / 1e6)} MB`;
}

async function fetchFile(
  entry: CatalogEntry,
  { download, classifier = false, signal }: FindOptions,
): Promise<string> {
  if (entry.source.kind === 'download' && !download) missing(entry);
  return pull(entry, { classifier, ...(signal && { signal }) });
}

function missing({ name, source }: CatalogEntry): never {
  const size = source.kind === 'embedded' ? '' : ` (${megabytes(source.size)})`;
  throw new DownloadError(
    name,
    `${name} is not on this machine: get it with "scumble weights pull ${name}"${size}, or with the option download`,
  );
}

/** The file of a network that was imported under this name, else the path that it is. */
async function importedOr(weights: string): Promise<string> {
  const imported = isName(weights) ? cachedFile(weights) : undefined;
  if (imported !== undefined && !(await exists(weights)) && (await exists(imported))) return imported;
  await checkPath(weights);
  return weights;
}

/** Sends whoever gives another program's file to the command that converts it, and names to whoever mistypes one. */
async function checkPath(path: string): Promise<void> {
  if (basename(path) === path && !path.includes('.') && !(await exists(path))) {
    refuse(path, `is neither a file nor one of the networks ${[...catalog().keys()].join(', ')}`);
  }
  await WeightsFile.use(path, async (file) => {
    if (file.size <= JSON_START) return; // which its reader says
    const [first] = await file.read(JSON_START, 1);
    if (first === '{'.charCodeAt(0)) return;
    const other = await whatElse(file);
    refuse(path, other ?? `is not in safetensors; convert it once: scumble weights import ${path}`);
  });
}
