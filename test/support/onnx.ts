// ONNX models for tests: a chain of convolutions. Their fields are those of onnx.proto.

import { Writer } from 'protobufjs/minimal.js';
import type { DType, Tensor } from '../../dist/weights/formats/tensors.js';
import { tag } from './caffe.js';

const TYPES: Partial<Record<DType, number>> = { F32: 1, I64: 7, F16: 10, F64: 11, BF16: 16 };

export interface OnnxOptions {
  /** Initialisers are called 0, 1 … and come in reverse order. */
  nameless?: boolean;
  /** How floats lie in the file: as bytes, or as numbers. */
  typed?: boolean;
  /** The data of all are said to be in this file, one after the other. */
  external?: string;
  /** There is a Pad of this mode in the graph. */
  pad?: string;
}

/** `tensors`: kernels and biases in turn. */
export function encodeOnnx(tensors: Iterable<[string, Tensor]>, options: OnnxOptions = {}): Uint8Array {
  const { nameless = false, typed = false, external, pad } = options;
  let place = 0;
  const all = Array.from(tensors, ([name, tensor], i): [string, Tensor] => [
    nameless ? `${i}` : name,
    tensor,
  ]);
  const model = Writer.create()
    .uint32(tag(1, 0))
    .int64(8)
    .uint32(tag(2))
    .string('tests')
    .uint32(tag(7))
    .fork();
  for (let i = 0; i < all.length; i += 2) {
    const inputs = [i === 0 ? 'data' : `out${i - 2}`, all[i]![0], ...(all[i + 1] ? [all[i + 1]![0]] : [])];
    writeNode(model, 'Conv', inputs, `sum${i}`);
    writeNode(model, 'Relu', [`sum${i}`], `out${i}`);
  }
  if (pad !== undefined) {
    model.uint32(tag(1)).fork().uint32(tag(4)).string('Pad');
    model.uint32(tag(5)).fork().uint32(tag(1)).string('mode').uint32(tag(4)).string(pad).ldelim().ldelim();
  }
  model.uint32(tag(2)).string('graph');
  for (const [name, tensor] of nameless ? all.toReversed() : all) {
    model.uint32(tag(5)).fork();
    const elsewhere = external === undefined ? undefined : { location: external, offset: place };
    writeTensor(model, name, tensor, typed, elsewhere);
    place += tensor.data.length;
    model.ldelim();
  }
  return model.ldelim().finish();
}

function writeNode(to: Writer, operation: string, inputs: string[], output: string): void {
  to.uint32(tag(1)).fork();
  for (const input of inputs) to.uint32(tag(1)).string(input);
  to.uint32(tag(2)).string(output).uint32(tag(4)).string(operation).ldelim();
}

function writeTensor(
  to: Writer,
  name: string,
  tensor: Tensor,
  typed: boolean,
  external: { location: string; offset: number } | undefined,
): void {
  const { dtype, shape, data } = tensor;
  for (const size of shape) to.uint32(tag(1, 0)).int64(size);
  to.uint32(tag(2, 0)).int32(TYPES[dtype]!);
  if (typed) to.uint32(tag(dtype === 'F64' ? 10 : 4)).bytes(data);
  to.uint32(tag(8)).string(name);
  if (external) {
    for (const [key, value] of Object.entries({ ...external, length: data.length })) {
      to.uint32(tag(13)).fork().uint32(tag(1)).string(key).uint32(tag(2)).string(String(value)).ldelim();
    }
    to.uint32(tag(14, 0)).int32(1);
  } else if (!typed) to.uint32(tag(9)).bytes(data);
}

/** What the file has that `external` names. */
export function externalData(tensors: Iterable<[string, Tensor]>): Uint8Array {
  return Buffer.concat(Array.from(tensors, ([, { data }]) => data));
}
