// TensorFlow.js layers models for tests: a model.json and its shards.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DType, Tensor } from '../../dist/weights/formats/tensors.js';

const DTYPES: Partial<Record<DType, string>> = {
  F32: 'float32',
  I32: 'int32',
  U8: 'uint8',
  BOOL: 'bool',
};

export function tfjsManifest(tensors: Iterable<[string, Tensor]>, paths: string[]): object {
  const weights = Array.from(tensors, ([name, { dtype, shape }]) => ({ name, shape, dtype: DTYPES[dtype] }));
  return { format: 'layers-model', modelTopology: null, weightsManifest: [{ paths, weights }] };
}

/** Writes a model with its weights cut into shards of `shardBytes`; resolves to the path of model.json. */
export async function tfjsModel(
  folder: string,
  tensors: Map<string, Tensor>,
  shardBytes = 4 << 20,
): Promise<string> {
  const data = Buffer.concat([...tensors.values()].map(({ data }) => data));
  const count = Math.max(Math.ceil(data.length / shardBytes), 1);
  const paths = Array.from({ length: count }, (_, i) => `group1-shard${i + 1}of${count}.bin`);
  await mkdir(folder, { recursive: true });
  for (const [i, path] of paths.entries()) {
    await writeFile(join(folder, path), data.subarray(i * shardBytes, (i + 1) * shardBytes));
  }
  const model = join(folder, 'model.json');
  await writeFile(model, JSON.stringify(tfjsManifest(tensors, paths)));
  return model;
}
