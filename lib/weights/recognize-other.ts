// Which network a file has, if it is not a VGG: known by names or by its first convolution, to be said.

import type { Tensor } from './formats/tensors.js';
import { quote } from './refuse.js';

/** Names of layers that only these have. */
const KINDS: [name: RegExp, kind: string][] = [
  [/(^|[^a-z])cccp\d/, 'Network in Network (NIN)'],
  [/inception/i, 'GoogLeNet'],
  [/(^|[^a-z])fire\d|\.squeeze\./, 'SqueezeNet'],
  [/(^|\.)layer[1-4]\.\d+\.(conv|downsample)|(^|[^a-z])res[2-5][a-f]\d*_/, 'ResNet'],
  [/denseblock|dense_block/, 'DenseNet'],
];

/** What a network with these tensors is; undefined where that is not known. */
export function otherNetwork(tensors: Map<string, Tensor>): string | undefined {
  const names = [...tensors.keys()];
  const [, kind] = KINDS.find(([pattern]) => names.some((name) => pattern.test(name))) ?? [];
  if (kind !== undefined) return kind;
  for (const [name, { shape }] of tensors) {
    const side = firstSide(shape);
    if (side)
      return `another network: its first convolution, ${quote(name)}, is ${side} × ${side}, not 3 × 3`;
  }
  return undefined;
}

/** The side of a kernel that takes three channels, where it is larger than 3. */
function firstSide(shape: number[]): number | undefined {
  if (shape.length !== 4) return undefined;
  return shape.find((size, axis) => {
    const others = shape.filter((_, other) => other !== axis && other !== axis + 1);
    const isSide = size > 3 && size < 16 && size % 2 === 1 && size === shape[axis + 1];
    return isSide && others.filter((other) => other === 3).length === 1;
  });
}
