// NumPy's .npz: a zip archive of .npy arrays.

import { quote, refuse } from '../refuse.js';
import { WeightsFile } from './file.js';
import { parseNpy } from './npy.js';
import type { Tensor, TensorFile } from './tensors.js';
import { readZip } from './zip.js';

const SUFFIX = '.npy';

/**
 * Reads the arrays of little-endian numbers in an archive, compressed or not.
 *
 * @throws WeightsError when the file cannot be read or breaks one of the formats in any way.
 */
export function readNpz(path: string): Promise<TensorFile> {
  return WeightsFile.use(path, async (file) => {
    const tensors = new Map<string, Tensor>();
    for (const [name, entry] of await readZip(file)) {
      if (!name.endsWith(SUFFIX)) {
        refuse(path, `entry ${quote(name)} is no .npy array`, { offset: entry.offset });
      }
      const { bytes, place } = await entry.read();
      tensors.set(name.slice(0, -SUFFIX.length), parseNpy(bytes, file, place));
    }
    return { metadata: Object.create(null), tensors };
  });
}
