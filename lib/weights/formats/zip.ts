// Zip archives, which PyTorch and NumPy write. yauzl reads the directory and inflates; here are the limits that keep a
// hostile archive from taking more memory and time than an honest one. Nothing is ever written to the disk.

import { crc32 } from 'node:zlib';
import { type Entry, fromFdPromise, type ZipFile } from 'yauzl';
import { quote, refuse } from '../refuse.js';
import { inTurns } from '../turns.js';
import type { WeightsFile } from './file.js';

/** A large VGG has 40 arrays; each entry costs two reads. */
const MAX_ENTRIES = 4096;

/** Of the record that ends an archive, without a comment. */
const END_BYTES = 22;

/** Without the name. */
const LOCAL_HEADER_BYTES = 30;

/** What an entry holds. */
export interface ZipContent {
  bytes: Uint8Array;
  /** The byte of the file that `bytes[index]` comes from; that of the first one for all of a compressed entry. */
  place(index: number): number;
}

/** A file in an archive. */
export interface ZipEntry {
  /** Bytes, inflated. */
  size: number;
  /** The byte of the file where its local header starts. */
  offset: number;
  /** Reads, inflates and checks it; the memory is claimed from the file. @throws WeightsError */
  read(): Promise<ZipContent>;
}

/**
 * The files in an archive, by name.
 *
 * @throws WeightsError when it is no sound archive, has more than 4096 entries, two of one name or one with an absolute
 * path or one with `..` in it, or inflates to more than twice its size.
 */
export async function readZip(file: WeightsFile): Promise<Map<string, ZipEntry>> {
  const zip = await sound(file, Math.max(file.size - END_BYTES, 0), fromFdPromise(file.descriptor));
  if (zip.entryCount > MAX_ENTRIES) {
    refuse(file.path, `has ${zip.entryCount} entries, more than the limit of ${MAX_ENTRIES}`, {
      offset: directoryPlace(zip),
    });
  }
  const entries = new Map<string, ZipEntry>();
  const listing = zip.eachEntry();
  let total = 0;
  for (;;) {
    const place = directoryPlace(zip);
    const { done, value } = await sound(file, place, listing.next());
    if (done) break;
    const entry: Entry = value;
    const { fileName: name, uncompressedSize: size, relativeOffsetOfLocalHeader: offset } = entry;
    if (name.endsWith('/')) continue;
    if (offset + LOCAL_HEADER_BYTES + entry.compressedSize > file.size) {
      refuse(file.path, `entry ${quote(name)} goes on after the end of the file`, { offset: place });
    }
    if (entries.has(name)) refuse(file.path, `has two entries named ${quote(name)}`, { offset });
    total += size;
    entries.set(name, { size, offset, read: () => readEntry(file, zip, entry) });
  }
  // Before anything is read: entries may overlap, or claim any size. Given back, as not all need be read.
  file.claim(total, directoryPlace(zip), '; save it without compression');
  file.release(total);
  return entries;
}

async function readEntry(file: WeightsFile, zip: ZipFile, entry: Entry): Promise<ZipContent> {
  const { fileName, uncompressedSize: size, relativeOffsetOfLocalHeader: offset } = entry;
  const bad = (problem: string): never =>
    refuse(file.path, `entry ${quote(fileName)} ${problem}`, { offset: start });
  let start = offset;
  start = (await sound(file, offset, zip.readLocalFileHeaderPromise(entry, { minimal: true }))).fileDataStart;
  const stored = entry.compressionMethod === 0;
  let bytes: Uint8Array;
  if (entry.isEncrypted()) bad('is encrypted');
  if (stored) {
    bytes = await file.read(start, size);
  } else {
    file.claim(size, start);
    bytes = new Uint8Array(size);
    await sound(file, start, inflate(zip, entry, bytes));
  }
  if ((await checksum(bytes)) !== entry.crc32) bad('is damaged: its checksum does not match');
  return { bytes, place: (index) => (stored ? start + index : start) };
}

async function checksum(bytes: Uint8Array): Promise<number> {
  let sum = 0;
  await inTurns(bytes.length, (start, end) => {
    sum = crc32(bytes.subarray(start, end), sum);
  });
  return sum;
}

/** Fills `bytes`, which has the size that yauzl holds the entry to. */
async function inflate(zip: ZipFile, entry: Entry, bytes: Uint8Array): Promise<void> {
  let filled = 0;
  for await (const chunk of await zip.openReadStreamPromise(entry)) {
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
}

/** Where yauzl stands in the directory, which a hostile archive may place anywhere. */
function directoryPlace(zip: ZipFile): number {
  return Math.min(Number(zip.readEntryCursor), zip.fileSize);
}

/** What yauzl or zlib says against an archive becomes a WeightsError. */
async function sound<T>(file: WeightsFile, offset: number, promise: Promise<T>): Promise<T> {
  return promise.catch((cause) =>
    refuse(file.path, `is not a sound zip archive: ${quote(cause.message)}`, { offset, cause }),
  );
}
