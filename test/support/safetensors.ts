// Tiny VGGs with random weights, for tests that need a network but not a good one.

import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeSafetensors as encodePieces } from '../../dist/weights/formats/safetensors.js';
import type { EngineDType, EngineTensor, Tensor } from '../../dist/weights/formats/tensors.js';
import { ARCHITECTURES, type Architecture } from '../../dist/weights/network.js';

export interface TinyNetwork {
  architecture?: Architecture;
  /** Channels of each block; as many as `blocks`, more are ignored. */
  widths?: number[];
  seed?: number;
  /** Of the kernels; biases are always F32, as in the real files. */
  dtype?: EngineDType;
  /** Convolutions per block; all of the architecture when absent. */
  blocks?: number[];
  /** Added to the metadata, or replacing it. */
  metadata?: Record<string, string>;
}

/** The bytes of a file. */
export function encodeSafetensors(
  tensors: Iterable<[string, Tensor]>,
  metadata: Record<string, string>,
): Buffer {
  return Buffer.concat(encodePieces(tensors, metadata));
}

/** A seeded source of uniform numbers in [0, 1): mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The parts of a VGG whose activations keep their scale: He-initialised kernels, small biases. */
export function tinyNetwork(options: TinyNetwork = {}): {
  tensors: Map<string, EngineTensor>;
  metadata: Record<string, string>;
} {
  const { architecture = 'vgg19', widths = [4, 6, 8, 8, 8], seed = 1, dtype = 'F32' } = options;
  const blocks = options.blocks ?? ARCHITECTURES[architecture];
  const uniform = seeded(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const random = (dtype: EngineDType, shape: number[], deviation: number): EngineTensor => {
    const count = shape.reduce((product, size) => product * size, 1);
    const values = Float32Array.from({ length: count }, () => deviation * normal());
    return { dtype, shape, data: encode(dtype, values) };
  };
  const tensors = new Map<string, EngineTensor>();
  let inputs = 3;
  for (const [block, count] of blocks.entries()) {
    const outputs = widths[block]!;
    for (let i = 1; i <= count; i++) {
      const name = `conv${block + 1}_${i}`;
      tensors.set(`${name}.weight`, random(dtype, [outputs, inputs, 3, 3], Math.sqrt(2 / (9 * inputs))));
      tensors.set(`${name}.bias`, random('F32', [outputs], 0.01));
      inputs = outputs;
    }
  }
  const metadata = {
    architecture,
    widths: widths.slice(0, blocks.length).join(),
    input: 'RGB, 0..255, minus mean',
    mean: '123.68,116.779,103.939',
    std: '1,1,1',
    ...options.metadata,
  };
  return { tensors, metadata };
}

/** Writes such a VGG to a new file in `folder`; resolves to its path. */
export async function tinyNetworkFile(folder: string, options: TinyNetwork = {}): Promise<string> {
  const { tensors, metadata } = tinyNetwork(options);
  const path = join(folder, `tiny-${randomUUID()}.safetensors`);
  await writeFile(path, encodeSafetensors(tensors, metadata));
  return path;
}

function encode(dtype: EngineDType, values: Float32Array): Uint8Array {
  const size = dtype === 'F32' ? 4 : 2;
  const bytes = new DataView(new ArrayBuffer(values.length * size));
  for (const [i, value] of values.entries()) {
    if (dtype === 'F32') bytes.setFloat32(i * size, value, true);
    else bytes.setUint16(i * size, dtype === 'F16' ? half(value) : bfloat(value), true);
  }
  return new Uint8Array(bytes.buffer);
}

/** The bits of the nearest half-precision number; |value| < 65504. */
function half(value: number): number {
  const size = Math.abs(value);
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  // The mantissa's leading 1 adds one to the exponent field; a subnormal number has none, and field 0.
  const bits = Math.round(size * 2 ** (10 - exponent)) + ((exponent + 14) << 10);
  return value < 0 ? bits | 0x8000 : bits;
}

/** The bits of the nearest bfloat16 number, which is the upper half of a float32; value is finite. */
function bfloat(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0]!;
  return (bits + 0x8000) >>> 16;
}
