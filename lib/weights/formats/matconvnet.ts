// MatConvNet's networks as .mat files hold them: a cell of layers, each a struct with a name and its weights.

import type { Tensor, TensorFile } from './tensors.js';

/**
 * Renames what belongs to a layer: `layers/0/weights/0`, or in older files `layers/0/filters`, becomes
 * `conv1_1.weight` when `layers/0/name` is conv1_1, and likewise its biases.
 */
export function nameConvolutions({ metadata, tensors }: TensorFile): TensorFile {
  const named = new Map<string, Tensor>();
  for (const [way, tensor] of tensors) {
    const [, layer, part] = /^((?:.*\/)?layers\/\d+)\/(.*)$/.exec(way) ?? [];
    const name = layer === undefined ? undefined : metadata[`${layer}/name`];
    const role = part === undefined ? undefined : ROLES[part];
    const renamed = name !== undefined && role !== undefined ? `${name}.${role}` : way;
    named.set(named.has(renamed) ? way : renamed, tensor);
  }
  return { metadata, tensors: named };
}

const ROLES: Record<string, string> = {
  'weights/0': 'weight',
  'weights/1': 'bias',
  filters: 'weight',
  biases: 'bias',
};
