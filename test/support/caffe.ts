// Caffe's models for tests, of both kinds of layers. Their fields are those of caffe.proto.

import { Writer } from 'protobufjs/minimal.js';
import type { Tensor } from '../../dist/weights/formats/tensors.js';

export interface CaffeLayer {
  name: string;
  kind: 'Convolution' | 'InnerProduct' | 'ReLU' | 'BatchNorm';
  blobs: Tensor[];
}

const KINDS_V1 = { Convolution: 4, InnerProduct: 14, ReLU: 18, BatchNorm: 99 };

export function encodeCaffe(layers: CaffeLayer[], version: 1 | 2): Uint8Array {
  const net = Writer.create().uint32(tag(1)).string('VGG');
  for (const { name, kind, blobs } of layers) {
    net.uint32(tag(version === 1 ? 2 : 100)).fork();
    if (version === 1) net.uint32(tag(4)).string(name).uint32(tag(5, 0)).int32(KINDS_V1[kind]);
    else net.uint32(tag(1)).string(name).uint32(tag(2)).string(kind);
    for (const blob of blobs) {
      net.uint32(tag(version === 1 ? 6 : 7)).fork();
      writeBlob(net, blob, version);
      net.ldelim();
    }
    net.ldelim();
  }
  return net.finish();
}

/** Kernels and biases by their names, `conv1_1.weight`, in layers with ReLUs between, and a classifier. */
export function caffeLayers(tensors: Map<string, Tensor>): CaffeLayer[] {
  const layers: CaffeLayer[] = [];
  for (const [key, weight] of tensors) {
    const name = /^(.*)\.weight$/.exec(key)?.[1];
    if (name === undefined) continue;
    layers.push({ name, kind: 'Convolution', blobs: [weight, tensors.get(`${name}.bias`)!] });
    layers.push({ name: name.replace('conv', 'relu'), kind: 'ReLU', blobs: [] });
  }
  const classifier: Tensor = { dtype: 'F32', shape: [2, 5], data: new Uint8Array(40) };
  return [...layers, { name: 'fc6', kind: 'InnerProduct', blobs: [classifier] }];
}

function writeBlob(to: Writer, { dtype, shape, data }: Tensor, version: 1 | 2): void {
  if (version === 1) {
    const four = [...Array.from({ length: 4 - shape.length }, () => 1), ...shape];
    for (const [i, size] of four.entries()) to.uint32(tag(i + 1, 0)).int32(size);
  }
  to.uint32(tag(dtype === 'F64' ? 8 : 5)).bytes(data);
  if (version === 1) return;
  to.uint32(tag(7)).fork().uint32(tag(1)).fork();
  for (const size of shape) to.int64(size);
  to.ldelim().ldelim();
}

/** A field's number and its wire type, which is 2 for what has a length. */
export function tag(field: number, wire = 2): number {
  return (field << 3) | wire;
}
