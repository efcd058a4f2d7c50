// Writes the network as an ONNX model: the few messages of the format that this needs, with the numbers that onnx.proto
// gives their fields, encoded by protobufjs.
import { writeFile } from 'node:fs/promises';
import protobuf from 'protobufjs';

const SCHEMA = `
  syntax = "proto2";
  message ModelProto { optional int64 ir_version = 1; optional string producer_name = 2; optional GraphProto graph = 7;
    repeated OperatorSetIdProto opset_import = 8; }
  message OperatorSetIdProto { optional string domain = 1; optional int64 version = 2; }
  message GraphProto { repeated NodeProto node = 1; optional string name = 2; repeated TensorProto initializer = 5;
    repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12; }
  message NodeProto { repeated string input = 1; repeated string output = 2; optional string name = 3;
    optional string op_type = 4; repeated AttributeProto attribute = 5; }
  message AttributeProto { optional string name = 1; optional float f = 2; optional int64 i = 3;
    repeated int64 ints = 8; optional int32 type = 20; }
  message TensorProto { repeated int64 dims = 1; optional int32 data_type = 2; optional string name = 8;
    optional bytes raw_data = 9; }
  message ValueInfoProto { optional string name = 1; optional TypeProto type = 2; }
  message TypeProto { optional Tensor tensor_type = 1;
    message Tensor { optional int32 elem_type = 1; optional TensorShapeProto shape = 2; } }
  message TensorShapeProto { repeated Dimension dim = 1; message Dimension { optional int64 dim_value = 1; } }
`;
const FLOAT = 1;
const INT64 = 7;
const ATTRIBUTE = { f: 1, i: 2, ints: 7 };

/**
 * A model from `image` ([1, 3, size, size], RGB in 0..255) to relu5_1, or, with `statistics`, to the content layer's
 * features and the style layers' Gram matrices.
 * @param {string} path
 * @param {ReturnType<typeof import('./inputs.mjs').readInputs> & { objective: any }} inputs
 * @param {{ size: number, statistics: boolean }} options
 */
export async function writeModel(path, inputs, { size, statistics }) {
  const { mean, std, convolutions, objective, weightOf, biasOf } = inputs;
  const nodes = [];
  const initializers = [];
  const outputs = [];
  const constant = (name, dims, values, type = FLOAT) => {
    const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    initializers.push({ name, dims, dataType: type, rawData: raw });
    return name;
  };
  const node = (operator, input, output, attributes = {}) => {
    const attribute = Object.entries(attributes).map(([name, [kind, value]]) => ({
      name,
      [kind]: value,
      type: ATTRIBUTE[kind],
    }));
    nodes.push({ opType: operator, name: output, input, output: [output], attribute });
    return output;
  };
  const value = (name, dims) => ({
    name,
    type: { tensorType: { elemType: FLOAT, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
  });

  let side = size;
  let x = node('Sub', ['image', constant('mean', [1, 3, 1, 1], Float32Array.from(mean))], 'centred');
  x = node('Div', [x, constant('std', [1, 3, 1, 1], Float32Array.from(std))], 'scaled');
  for (const conv of convolutions) {
    const { name, outputs: channels } = conv;
    if (/[2-5]_1$/.test(name)) {
      const two = ['ints', [2, 2]];
      x = node('MaxPool', [x], `before ${name}`, { kernel_shape: two, strides: two });
      side = Math.floor(side / 2);
    }
    const weight = constant(`${name}.weight`, [channels, conv.inputs, 3, 3], weightOf(conv));
    const bias = constant(`${name}.bias`, [channels], biasOf(conv));
    x = node('Conv', [x, weight, bias], name, {
      kernel_shape: ['ints', [3, 3]],
      pads: ['ints', [1, 1, 1, 1]],
    });
    const relu = name.replace('conv', 'relu');
    x = node('Relu', [x], relu);
    if (statistics && relu === objective.contentLayer) outputs.push(value(relu, [1, channels, side, side]));
    if (statistics && objective.styleLayers.includes(relu)) {
      const shape = constant(`${relu}.shape`, [2], BigInt64Array.of(BigInt(channels), -1n), INT64);
      const rows = node('Reshape', [x, shape], `${relu}.rows`);
      const alpha = ['f', 1 / (channels * side * side)];
      outputs.push(
        value(node('Gemm', [rows, rows], `${relu}.gram`, { transB: ['i', 1], alpha }), [channels, channels]),
      );
    }
    if (!statistics && relu === 'relu5_1') outputs.push(value(relu, [1, channels, side, side]));
  }

  const Model = protobuf.parse(SCHEMA).root.lookupType('ModelProto');
  const model = {
    irVersion: 8,
    producerName: 'scumble-bench',
    opsetImport: [{ domain: '', version: 17 }],
    graph: {
      name: 'vgg',
      node: nodes,
      initializer: initializers,
      input: [value('image', [1, 3, size, size])],
      output: outputs,
    },
  };
  await writeFile(path, Model.encode(Model.fromObject(model)).finish());
}
