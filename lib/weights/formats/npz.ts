// NumPy's files: one .npy, a zip archive of several, or what Python's pickle makes of a dictionary of arrays.

import { quote, refuse } from '../refuse.js';
import { WeightsFile } from './file.js';
import { parseNpy, readNpy } from './npy.js';
import { unpickleArrays } from './pickled.js';
import type { Tensor, TensorFile } from './tensors.js';
import { readZip } from './zip.js';

const SUFFIX = '.npy';

/**
 * Reads the arrays in a file of any of these kinds.
 *
 * @throws WeightsError when the file cannot be read, breaks the format in any way or has but one array.
 */
export async function readNumpy(path: string): Promise<TensorFile> {
  const [first] = await WeightsFile.use(path, (file) => file.read(0, 1));
  if (first === 'P'.charCodeAt(0)) return readNpz(path);
  if (first === 0x80) return readPickle(path);
  const read = await readNpy(path);
  if (read.tensors.has('arr_0') && read.tensors.size === 1) {
    refuse(path, 'is one NumPy array; a network is an .npz of several, or a dictionary of them', {
      offset: 0,
    });
  }
  return read;
}

/**
 * Reads the arrays of little-endian numbers in an archive, compressed or not.
 *
 * @throws WeightsError when the file cannot be read or breaks one of the formats in any way.
 */
export function readNpz(path: string): Promise<TensorFile> {
  return WeightsFile.use(path, async (file) => {
    const tensors = new Map<string, Tensor>();
    const passedOver: string[] = [];
    for (const [entryName, entry] of await readZip(file)) {
      if (!entryName.endsWith(SUFFIX)) {
        refuse(path, `entry ${quote(entryName)} is no .npy array`, { offset: entry.offset });
      }
      const name = entryName.slice(0, -SUFFIX.length);
      const { bytes, place } = await entry.read();
      const parsed = await parseNpy(bytes, file, place);
      for (const [key, tensor] of parsed.tensors) tensors.set(key === '' ? name : `${name}.${key}`, tensor);
      passedOver.push(...(parsed.passedOver ?? []));
    }
    return { metadata: Object.create(null), tensors, passedOver };
  });
}

/**
 * Reads the arrays in a pickle, by the keys that lead to them.
 *
 * @throws WeightsError when the file cannot be read, breaks the format in any way or has none.
 */
export function readPickle(path: string): Promise<TensorFile> {
  return WeightsFile.use(path, async (file) => {
    const read = await unpickleArrays(await file.read(0, file.size), 0, file, (index) => index);
    return { metadata: Object.create(null), ...read };
  });
}
