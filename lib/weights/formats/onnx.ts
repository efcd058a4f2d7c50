// ONNX: a ModelProto in protocol buffers. Weights are the initialisers of its graph; where a converter has left them
// nameless, the convolutions that use them name them. Their data may lie in files beside the model.

import { quote, refuse } from '../refuse.js';
import { fileBeside, isBeside } from './beside.js';
import { WeightsFile } from './file.js';
import { asMessage, asNumber, asNumbers, Message } from './protobuf.js';
import { byteLength, type DType, type Tensor, type TensorFile } from './tensors.js';

/** Numbers of fields in onnx.proto. */
const MODEL = { producer: 2, graph: 7 };
const GRAPH = { node: 1, initializer: 5 };
const NODE = { input: 1, operation: 4, attribute: 5 };
const ATTRIBUTE = { name: 1, text: 4 };
const ENTRY = { key: 1, value: 2 };
const TENSOR = {
  dims: 1,
  type: 2,
  floats: 4,
  int32s: 5,
  strings: 6,
  int64s: 7,
  name: 8,
  raw: 9,
  doubles: 10,
  uint64s: 11,
  external: 13,
  location: 14,
};

const DTYPES: Record<number, DType> = {
  1: 'F32',
  2: 'U8',
  3: 'I8',
  4: 'U16',
  5: 'I16',
  6: 'I32',
  7: 'I64',
  9: 'BOOL',
  10: 'F16',
  11: 'F64',
  12: 'U32',
  13: 'U64',
  16: 'BF16',
};

/** What a converter gives a tensor for want of a name: 42, or onnx::Conv_42. */
const NAMELESS = /^(\d*|onnx::.*)$/;

/** Files that a model's data may lie in: some converters write one for each tensor. */
const MAX_FILES = 1000;

interface Node {
  operation: string;
  inputs: string[];
  /** Of a Pad: how. */
  mode: string;
}

/** A tensor without its data, and where they lie: in the model, or in another file. */
interface Stored extends Omit<Tensor, 'data'> {
  data: Uint8Array | External;
}

interface External {
  location: string;
  start: number;
  bytes: number;
  /** The byte of the model that says so. */
  offset: number;
}

/**
 * Reads the initialisers: first those that the graph's nodes take, in its order, then all others. Those of nameless
 * ones get the place of their node among its kind: `Conv0.weight`, `Conv0.bias`, `BatchNormalization3.1`. Data in the
 * model are views of one buffer.
 *
 * @throws WeightsError when a file cannot be read, breaks the format, or the model keeps its data outside its folder.
 */
export function readOnnx(path: string): Promise<TensorFile> {
  return WeightsFile.use(path, async (file) => {
    const metadata = Object.create(null);
    let graph: Message | undefined;
    for (const field of new Message(await file.read(0, file.size), path).fields()) {
      if (field.number === MODEL.producer) metadata.producer = asMessage(field, path).text();
      else if (field.number === MODEL.graph) {
        if (graph) refuse(path, 'has two graphs', { offset: field.offset });
        graph = asMessage(field, path);
      }
    }
    if (!graph) refuse(path, 'is no ONNX model: it has no graph', { offset: 0 });
    const { stored, padding } = readGraph(graph, path);
    return { metadata, tensors: await readData(stored, path), padding };
  });
}

function readGraph(
  graph: Message,
  path: string,
): { stored: Map<string, Stored>; padding: string | undefined } {
  const found = new Map<string, Stored>();
  const nodes: Node[] = [];
  for (const field of graph.fields()) {
    if (field.number === GRAPH.node) nodes.push(readNode(asMessage(field, path), path));
    else if (field.number === GRAPH.initializer) {
      const message = asMessage(field, path);
      const [name, tensor] = readTensor(message, path) ?? [];
      if (name === undefined || !tensor) continue;
      if (found.has(name)) message.fail(`initialiser ${quote(name)} is there twice`);
      found.set(name, tensor);
    }
  }
  const padding = nodes.find(({ operation, mode }) => operation === 'Pad' && PADDINGS.has(mode))?.mode;
  return { stored: inOrder(found, nodes), padding: padding && PADDINGS.get(padding) };
}

/** ONNX's modes of Pad other than with a constant, and what they are called elsewhere. */
const PADDINGS = new Map([
  ['reflect', 'reflect'],
  ['edge', 'replicate'],
]);

/** What lies in other files is read file by file. */
async function readData(stored: Map<string, Stored>, path: string): Promise<Map<string, Tensor>> {
  const tensors = new Map<string, Tensor>();
  const files = new Map<string, [Omit<Tensor, 'data'>, External, string][]>();
  for (const [name, { data, ...tensor }] of stored) {
    tensors.set(name, { ...tensor, data: data instanceof Uint8Array ? data : new Uint8Array() });
    if (data instanceof Uint8Array) continue;
    files.set(data.location, [...(files.get(data.location) ?? []), [tensor, data, name]]);
    if (files.size > MAX_FILES) {
      refuse(path, `keeps its weights in more than ${MAX_FILES} files`, { offset: data.offset });
    }
  }
  for (const [location, parts] of files) {
    const file = await fileBeside(path, location, parts[0]![1].offset);
    await WeightsFile.use(file, async (file) => {
      for (const [tensor, { start, bytes }, name] of parts) {
        tensors.set(name, { ...tensor, data: await file.read(start, bytes) });
      }
    });
  }
  return tensors;
}

function inOrder(found: Map<string, Stored>, nodes: Node[]): Map<string, Stored> {
  const ordered = new Map<string, Stored>();
  const counts = new Map<string, number>();
  for (const { operation, inputs } of nodes) {
    const count = counts.get(operation) ?? 0;
    counts.set(operation, count + 1);
    for (const [index, input] of inputs.entries()) {
      const tensor = found.get(input);
      if (!tensor) continue; // what another node gives, or has been taken before
      found.delete(input);
      const role = operation === 'Conv' ? (['input', 'weight', 'bias'][index] ?? index) : index;
      ordered.set(NAMELESS.test(input) ? `${operation}${count}.${role}` : input, tensor);
    }
  }
  for (const [name, tensor] of found) ordered.set(name, tensor);
  return ordered;
}

function readNode(message: Message, path: string): Node {
  const node: Node = { operation: '', inputs: [], mode: '' };
  for (const field of message.fields()) {
    if (field.number === NODE.input) node.inputs.push(asMessage(field, path).text());
    else if (field.number === NODE.operation) node.operation = asMessage(field, path).text();
    else if (field.number === NODE.attribute) {
      const [name, text] = texts(asMessage(field, path), ATTRIBUTE.name, ATTRIBUTE.text, path);
      if (name === 'mode') node.mode = text;
    }
  }
  return node;
}

/** Two fields of a message that are text; '' for one that it has not. */
function texts(message: Message, first: number, second: number, path: string): [string, string] {
  const found: [string, string] = ['', ''];
  for (const field of message.fields()) {
    if (field.number === first) found[0] = asMessage(field, path).text();
    else if (field.number === second) found[1] = asMessage(field, path).text();
  }
  return found;
}

/** Undefined for integers that are not stored as they are: no weights. */
function readTensor(message: Message, path: string): [string, Stored] | undefined {
  let name = '';
  let type = 0;
  const shape: number[] = [];
  const parts: { number: number; message: Message }[] = [];
  const elsewhere = new Map<string, string>();
  let isExternal = false;
  for (const field of message.fields()) {
    const { number } = field;
    if (number === TENSOR.name) name = asMessage(field, path).text();
    else if (number === TENSOR.type) type = asNumber(field, path);
    else if (number === TENSOR.dims) shape.push(...asNumbers(field));
    else if (number === TENSOR.location) isExternal = field.value !== 0;
    else if (number === TENSOR.external) {
      const [key, value] = texts(asMessage(field, path), ENTRY.key, ENTRY.value, path);
      elsewhere.set(key, value);
    } else if (number >= TENSOR.floats && number <= TENSOR.uint64s && number !== TENSOR.name) {
      if (typeof field.value === 'number') message.fail('has numbers that are not packed');
      parts.push({ number, message: field.value });
    }
  }
  const at = `initialiser ${quote(name)}`;
  const dtype = Object.hasOwn(DTYPES, type) ? DTYPES[type]! : message.fail(`${at} has data type ${type}`);
  if (shape.length > 64 || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    message.fail(`${at} has shape ${quote(shape)}`);
  }
  const bytes = byteLength(dtype, shape) ?? message.fail(`${at} has shape ${quote(shape)}, which overflows`);
  if (isExternal) return [name, { dtype, shape, data: externalOf(elsewhere, bytes, at, message) }];
  const [part, more] = parts;
  if (more) more.message.fail(`${at} comes in pieces`);
  if (part?.number === TENSOR.int32s || part?.number === TENSOR.int64s || part?.number === TENSOR.uint64s) {
    if (dtype === 'F16' || dtype === 'BF16')
      part.message.fail(`${at} has halves that are stored as integers`);
    return undefined; // a size or an axis
  }
  const fits =
    !part || part.number === TENSOR.raw || part.number === (dtype === 'F64' ? TENSOR.doubles : TENSOR.floats);
  if (!fits) part.message.fail(`${at} of type ${dtype} has its data in field ${part.number}`);
  const data = part?.message.bytes ?? new Uint8Array();
  if (data.length !== bytes) {
    (part?.message ?? message).fail(
      `${at} of shape ${quote(shape)} needs ${bytes} bytes, but has ${data.length}`,
    );
  }
  return [name, { dtype, shape, data }];
}

function externalOf(entries: Map<string, string>, bytes: number, at: string, message: Message): External {
  const location = entries.get('location');
  if (!isBeside(location))
    message.fail(`${at} has its data in ${quote(location)}, which is no file in its folder`);
  const [start, length] = [entries.get('offset') ?? '0', entries.get('length') ?? String(bytes)].map(
    (text) => (/^\d{1,15}$/.test(text) ? Number(text) : message.fail(`${at} has its data at ${quote(text)}`)),
  ) as [number, number];
  if (length !== bytes) message.fail(`${at} needs ${bytes} bytes, but has ${length} in ${quote(location)}`);
  return { location, start, bytes, offset: message.offset };
}
