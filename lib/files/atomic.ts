// Writing files: whether a path can be written is known before the long work, and the file appears complete or not at all.

import { randomUUID } from 'node:crypto';
import { access, constants, link, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, parse, resolve } from 'node:path';
import { OutputError } from '../errors.js';

const REASONS: Record<string, string> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is not a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'there is no space left',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be too large',
};

/** The end of a long path tells more than its beginning. */
export function shorten(path: string): string {
  return path.length > 72 ? `…${path.slice(-71)}` : path;
}

/** What the file system says against a write, as the error to throw. */
export function outputError(path: string, error: unknown): OutputError {
  if (error instanceof OutputError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new OutputError(path, `cannot write "${shorten(path)}": ${REASONS[code] ?? message}`, error);
}

/** Follows symbolic links, also one that points to a file yet to be made. */
async function resolveLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const link = await readlink(path).catch(() => undefined);
    return link === undefined ? resolve(path) : resolveLinks(resolve(dirname(path), link));
  }
}

/** The file that a write to `path` replaces, and its mode if there is one already. */
async function destination(path: string): Promise<{ file: string; mode?: number }> {
  const file = await resolveLinks(path);
  const existing = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!existing) return { file };
  const refuse = (reason: string) => new OutputError(path, `cannot write "${shorten(path)}": ${reason}`);
  if (existing.isDirectory()) throw refuse('it is a folder');
  if (!existing.isFile()) throw refuse('it is not a regular file');
  return { file, mode: existing.mode & 0o777 };
}

/**
 * Checks that a file can be written at `path`.
 * @throws {OutputError} if its folder is missing or not writable, or a folder or read-only file is in the way
 */
export async function checkWritable(path: string): Promise<void> {
  try {
    const { file, mode } = await destination(path);
    const folder = dirname(file);
    if (!(await stat(folder)).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    await access(folder, constants.W_OK | constants.X_OK);
    if (mode !== undefined) await access(file, constants.W_OK);
  } catch (error) {
    throw outputError(path, error);
  }
}

/**
 * Writes a file, of pieces one after the other, so that `path` holds either its old content or all of the new. A symbolic link stays, and what it
 * points to is replaced; an existing file's permissions are kept.
 * @throws {OutputError} if that fails; nothing is left behind
 */
export async function writeAtomically(
  path: string,
  bytes: Uint8Array | readonly Uint8Array[],
): Promise<void> {
  await replace(path, [bytes].flat(), `.scumble-${randomUUID()}.tmp`);
}

/**
 * The same, and what `path` held becomes previousOf(path): at every moment the latest that was whole is at `path`. A process that is
 * killed meanwhile leaves at most one file behind, which the next write takes: for files of which one process at a time writes many.
 * @throws {OutputError} if that fails; both files are then what they were
 */
export async function writeInTurn(path: string, bytes: readonly Uint8Array[]): Promise<void> {
  await replace(path, bytes, `.${basename(path)}.tmp`, keepPrevious);
}

/** Where writeInTurn() keeps what was there before: `run.previous.ckpt` beside `run.ckpt`. */
export function previousOf(path: string): string {
  const { dir, name, ext } = parse(path);
  return join(dir, `${name}.previous${ext}`);
}

/** @param before what is to be done when the new file is written, and not yet in its place */
async function replace(
  path: string,
  pieces: readonly Uint8Array[],
  temporaryName: string,
  before: (file: string) => Promise<void> = async () => {},
): Promise<void> {
  try {
    const { file, mode } = await destination(path);
    const temporary = join(dirname(file), temporaryName);
    await rm(temporary, { force: true });
    const handle = await open(temporary, 'wx');
    try {
      try {
        for (const piece of pieces) await handle.writeFile(piece);
        if (mode !== undefined) await handle.chmod(mode);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await before(file);
      await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  } catch (error) {
    throw outputError(path, error);
  }
}

/** Gives the file a second name; where the file system has no such, its only one. */
async function keepPrevious(file: string): Promise<void> {
  const previous = previousOf(file);
  const second = `${previous}.tmp`;
  try {
    await rm(second, { force: true });
    await link(file, second);
    await rename(second, previous);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return; // there is none yet
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EMLINK'].includes(code)) throw error;
    await rename(file, previous);
  }
}
