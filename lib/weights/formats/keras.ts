// Keras' files: HDF5, by itself or, since Keras 3, in a zip archive beside a description of the model.

import { refuse } from '../refuse.js';
import { WeightsFile } from './file.js';
import { readHdf5, readHdf5Bytes } from './hdf5.js';
import { isObject } from './json.js';
import type { Tensor, TensorFile } from './tensors.js';
import { readZip } from './zip.js';

/** What the archive has the weights in. */
export const KERAS_WEIGHTS = 'model.weights.h5';

/** VGG-19's has 20 kB. */
const MAX_CONFIG_BYTES = 1e6;

/**
 * Reads the weights of either kind of file. In an archive layers are called by their kind and number, as
 * `layers/conv2d_3/vars/0`; where it says what the convolutions are called, they get their names.
 *
 * @throws WeightsError when the file cannot be read or breaks the format in any way.
 */
export async function readKeras(path: string): Promise<TensorFile> {
  return WeightsFile.use(path, async (file) => {
    const [first] = await file.read(0, 1);
    if (first !== 'P'.charCodeAt(0)) return readHdf5(path);
    const entries = await readZip(file);
    const weights = entries.get(KERAS_WEIGHTS) ?? refuse(path, `has no ${KERAS_WEIGHTS}`, { offset: 0 });
    const config = entries.get('config.json');
    const names =
      config && config.size <= MAX_CONFIG_BYTES ? convolutionsIn((await config.read()).bytes) : [];
    const { bytes, place } = await weights.read();
    const { metadata, tensors } = await readHdf5Bytes(bytes, path, place(0));
    return { metadata, tensors: named(tensors, names) };
  });
}

/** The names of the convolutions in the model's own list of layers. */
function convolutionsIn(json: Uint8Array): string[] {
  let model: unknown;
  try {
    model = JSON.parse(Buffer.from(json).toString());
  } catch {
    return []; // the weights say enough
  }
  const config = isObject(model) && isObject(model.config) ? model.config : {};
  const layers = Array.isArray(config.layers) ? config.layers : [];
  return layers.flatMap((layer) => {
    if (!isObject(layer) || layer.class_name !== 'Conv2D') return [];
    return isObject(layer.config) && typeof layer.config.name === 'string' ? [layer.config.name] : [];
  });
}

function named(tensors: Map<string, Tensor>, names: string[]): Map<string, Tensor> {
  return new Map(
    Array.from(tensors, ([way, tensor]) => {
      const [, number = '0', role] = /^layers\/conv2d(?:_(\d{1,4}))?\/vars\/([01])$/.exec(way) ?? [];
      const name = role === undefined ? undefined : names[Number(number)];
      return [name === undefined ? way : `${name}/${role === '0' ? 'kernel' : 'bias'}`, tensor];
    }),
  );
}
