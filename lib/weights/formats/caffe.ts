// Caffe's .caffemodel: a NetParameter in protocol buffers, of today's layers (V2) or the ones of 2014 (V1), as VGG's
// own release has them.

import { quote, refuse } from '../refuse.js';
import { WeightsFile } from './file.js';
import { asMessage, asNumber, asNumbers, type Field, Message } from './protobuf.js';
import { byteLength, type Tensor, type TensorFile } from './tensors.js';

/** Numbers of fields in caffe.proto. */
const NET = { name: 1, layersV1: 2, layer: 100 };
const LAYER = { name: 1, type: 2, blobs: 7 };
const LAYER_V1 = { name: 4, type: 5, blobs: 6 };
const BLOB = { num: 1, width: 4, data: 5, shape: 7, doubleData: 8 };

/**
 * Reads the blobs of all layers: those of conv1_1 are `conv1_1.0` (weights) and `conv1_1.1` (biases), those of a layer
 * of another kind than convolution and inner product `bn1.BatchNorm.0`. The data are views of one buffer.
 *
 * @throws WeightsError when the file cannot be read or breaks the format in any way.
 */
export function readCaffe(path: string): Promise<TensorFile> {
  return WeightsFile.use(path, async (file) => {
    const metadata = Object.create(null);
    const tensors = new Map<string, Tensor>();
    for (const field of new Message(await file.read(0, file.size), path).fields()) {
      if (field.number === NET.name) metadata.name = asMessage(field, path).text();
      else if (field.number === NET.layer) addLayer(asMessage(field, path), LAYER, tensors, path);
      else if (field.number === NET.layersV1) addLayer(asMessage(field, path), LAYER_V1, tensors, path);
    }
    if (tensors.size === 0)
      refuse(path, 'is no trained Caffe model: no layer of it has weights', { offset: 0 });
    return { metadata, tensors };
  });
}

/** The kinds that V1 numbers, by the names that V2 gives them. */
const KINDS_V1: Record<number, string> = { 4: 'Convolution', 14: 'InnerProduct' };

function addLayer(message: Message, numbers: typeof LAYER, tensors: Map<string, Tensor>, path: string): void {
  let name = '';
  let kind = '';
  const blobs: Message[] = [];
  for (const field of message.fields()) {
    if (field.number === numbers.name) name = asMessage(field, path).text();
    else if (field.number === numbers.blobs) blobs.push(asMessage(field, path));
    else if (field.number === numbers.type) {
      kind =
        typeof field.value === 'number'
          ? (KINDS_V1[field.value] ?? `type${field.value}`)
          : field.value.text();
    }
  }
  const plain = kind === 'Convolution' || kind === 'InnerProduct';
  for (const [index, blob] of blobs.entries()) {
    const tensor = plain ? `${name}.${index}` : `${name}.${kind}.${index}`;
    if (tensors.has(tensor)) blob.fail(`layer ${quote(name)} is there twice`);
    tensors.set(tensor, readBlob(blob, tensor, path));
  }
}

function readBlob(message: Message, name: string, path: string): Tensor {
  const legacy = [1, 1, 1, 1];
  let shape: number[] = legacy;
  let dtype: 'F32' | 'F64' = 'F32';
  let data: Message | undefined;
  for (const field of message.fields()) {
    if (field.number >= BLOB.num && field.number <= BLOB.width) {
      legacy[field.number - BLOB.num] = asNumber(field, path);
    } else if (field.number === BLOB.shape) shape = readShape(asMessage(field, path));
    else if (field.number === BLOB.data || field.number === BLOB.doubleData) {
      if (data) message.fail(`blob ${quote(name)} comes in pieces`);
      data = packed(field, name, path);
      dtype = field.number === BLOB.data ? 'F32' : 'F64';
    }
  }
  const bytes = byteLength(dtype, shape) ?? message.fail(`blob ${quote(name)} has shape ${quote(shape)}`);
  if (!shape.every((size) => size >= 0) || bytes !== (data?.bytes.length ?? 0)) {
    const found = data?.bytes.length ?? 0;
    message.fail(`blob ${quote(name)} of shape ${quote(shape)} needs ${bytes} bytes, but has ${found}`);
  }
  return { dtype, shape, data: data?.bytes ?? new Uint8Array() };
}

function packed(field: Field, name: string, path: string): Message {
  if (typeof field.value === 'number') {
    refuse(path, `blob ${quote(name)} has numbers that are not packed`, { offset: field.offset });
  }
  return field.value;
}

function readShape(message: Message): number[] {
  return [...message.fields()].flatMap((field) => (field.number === 1 ? asNumbers(field) : []));
}
