// Files that a weights file names, in which its numbers lie. A hostile one could name any, so only files in its own
// folder are opened, wherever links in it lead.

import { realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { quote, refuse } from '../refuse.js';

/** Whether `name` is, on every system, that of a file in a folder or in one below it. */
export function isBeside(name: unknown): name is string {
  // No empty part: nothing starts at the root. No colon: neither a drive nor a URL.
  const parts = typeof name === 'string' ? name.split('/') : [''];
  return parts.every((part) => /^[^\\:\0]{1,200}$/.test(part) && part !== '.' && part !== '..');
}

/**
 * The path of the file called `name` in the folder of `path`.
 *
 * @param offset the byte of `path` that names it
 * @throws WeightsError when it is not there, or a link that leads out of the folder
 */
export async function fileBeside(path: string, name: string, offset: number): Promise<string> {
  const problem = (what: string): never =>
    refuse(path, `keeps its weights in ${quote(name)}, which ${what}`, { offset });
  const folder = await realpath(dirname(path));
  const file = join(dirname(path), name);
  const real = await realpath(file).catch((error: NodeJS.ErrnoException) =>
    problem(
      error.code === 'ENOENT'
        ? 'is not beside it: put both into one folder'
        : `cannot be read: ${error.code}`,
    ),
  );
  if (!real.startsWith(folder.endsWith(sep) ? folder : folder + sep)) {
    problem('is a link that leads out of its folder: put the file itself there');
  }
  return file;
}
