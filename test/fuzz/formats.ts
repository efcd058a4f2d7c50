// The formats that are fuzzed: small sound files of each, to be damaged, and how they are read. A fault in the bytes of
// an archive is mostly found by its checksum, so what an archive holds is also damaged before it is packed.

import { readCaffe } from '../../dist/weights/formats/caffe.js';
import { readWeights } from '../../dist/weights/formats/index.js';
import { readMatlab } from '../../dist/weights/formats/matlab.js';
import { readNpy } from '../../dist/weights/formats/npy.js';
import { readNpz, readNumpy } from '../../dist/weights/formats/npz.js';
import { readOnnx } from '../../dist/weights/formats/onnx.js';
import { readPytorch } from '../../dist/weights/formats/pytorch.js';
import { readSafetensors } from '../../dist/weights/formats/safetensors.js';
import type { TensorFile } from '../../dist/weights/formats/tensors.js';
import { readTfjs } from '../../dist/weights/formats/tfjs.js';
import { caffeLayers, encodeCaffe } from '../support/caffe.js';
import { encodeHdf5, encodeKeras, encodeMatlab73 } from '../support/hdf5.js';
import { encodeMatlab, matrixOf } from '../support/matlab.js';
import { encodeNpy, encodeNpz, encodeObjectNpy, layersOf, ndarray } from '../support/numpy.js';
import { encodeOnnx, externalData } from '../support/onnx.js';
import {
  called,
  encodeArchive,
  encodeLegacy,
  instance,
  module,
  pickle,
  stateDict,
  storage,
  tensorIn,
} from '../support/pytorch.js';
import { encodeSafetensors, tinyNetwork } from '../support/safetensors.js';
import { tfjsManifest } from '../support/tfjs.js';
import { matconvnet } from '../support/vggs.js';
import { encodeZip } from '../support/zip.js';

export interface FuzzSeed {
  /** What is damaged. */
  bytes: Uint8Array;
  /** The file that the damaged bytes become part of; they are the file when absent. */
  wrap?: (bytes: Uint8Array) => Uint8Array;
  /** Sound files beside it, by name. */
  beside?: Record<string, Uint8Array>;
}

export interface FuzzFormat {
  /** The name of the file. */
  file: string;
  seeds: () => FuzzSeed[];
  read: (path: string) => Promise<TensorFile>;
}

const { tensors, metadata } = tinyNetwork({ architecture: 'vgg11', widths: [1, 2], blocks: [1, 1] });
const half = tinyNetwork({ architecture: 'vgg11', widths: [2], blocks: [1], dtype: 'F16' }).tensors;
const first = [...tensors.values()][0]!;

function pytorchSeeds(): FuzzSeed[] {
  const saved = stateDict(tensors);
  const shared = { dtype: 'F32' as const, data: new Uint8Array(96) };
  const place = storage('s', shared);
  const views = {
    object: new Map<unknown, unknown>([
      ['state_dict', called('collections', 'OrderedDict', [['a', tensorIn(place, 2, [2, 3], [1, 2])]])],
      ['b', tensorIn(place, 0, [4, 1, 6], [6, 6, 1])],
      ['epoch', 2 ** 40],
      ['rates', [0.5, true, null]],
    ]),
    storages: new Map([['s', shared]]),
  };
  const conv = module('conv.Conv2d', saved.object as Map<string, unknown>, new Map(), [
    ['padding_mode', 'reflect'],
  ]);
  const whole = {
    object: new Map<string, unknown>([
      ['args', instance('argparse', 'Namespace', new Map([['lr', 0.1]]))],
      ['rng', ndarray({ dtype: 'U32', shape: [2, 2], data: new Uint8Array(16) }, 'encoded')],
      ['net', module('container.Sequential', new Map(), new Map([['0', conv]]))],
    ]),
    storages: saved.storages,
  };
  return [
    { bytes: encodeArchive(saved) },
    { bytes: encodeLegacy(stateDict(half, true)) },
    { bytes: encodeLegacy(views) },
    ...[saved, views, whole].map((saved) => ({
      bytes: pickle(saved.object),
      wrap: (bytes: Uint8Array) => encodeArchive(saved, [{ name: 'archive/data.pkl', bytes }]),
    })),
  ];
}

function npySeeds(): FuzzSeed[] {
  const matrix = { dtype: 'F64' as const, shape: [2, 3, 2], data: new Uint8Array(96).fill(7) };
  return [
    { bytes: encodeNpy(first) },
    { bytes: encodeNpy(matrix, true) },
    { bytes: encodeNpy(matrix, false, 2) },
    { bytes: encodeNpy({ dtype: 'U8', shape: [], data: Uint8Array.of(1) }, false, 3) },
  ];
}

function npzSeeds(): FuzzSeed[] {
  return [
    { bytes: encodeNpz(tensors) },
    { bytes: encodeNpz(half, true) },
    ...npySeeds().map(({ bytes }, i) => ({
      bytes,
      wrap: (bytes: Uint8Array) => encodeZip([{ name: 'a.npy', bytes, compress: i % 2 === 0 }]),
    })),
  ];
}

/** Dictionaries of arrays, as every Python writes them. */
function pickleSeeds(): FuzzSeed[] {
  const columns = { dtype: 'F64' as const, shape: [2, 3], data: new Uint8Array(48) };
  const beside = new Map<string, unknown>([
    ['columns', ndarray(columns, 'bytes', { fortran: true })],
    ['args', instance('argparse', 'Namespace', new Map([['lr', 0.1]]))],
  ]);
  return [
    { bytes: encodeObjectNpy(layersOf(tensors, 'string')) },
    { bytes: pickle(layersOf(tensors, 'encoded')) },
    { bytes: pickle(layersOf(half, 'bytes')) },
    { bytes: encodeObjectNpy(beside) },
  ];
}

function tfjsSeeds(): FuzzSeed[] {
  const data = Buffer.concat([...tensors.values()].map(({ data }) => data));
  const quantized = { name: 'q/kernel', shape: [3, 5], dtype: 'float32' };
  const model = (manifest: unknown, beside: Record<string, Uint8Array>) => ({
    bytes: Buffer.from(JSON.stringify(manifest)),
    beside,
  });
  const paths = ['a.bin', 'b.bin'];
  return [
    model(tfjsManifest(tensors, paths), { 'a.bin': data.subarray(0, 50), 'b.bin': data.subarray(50) }),
    ...['uint8', 'uint16', 'float16'].map((dtype) => {
      const weights = [{ ...quantized, quantization: { dtype, scale: 0.5, min: -2 } }];
      const shard = new Uint8Array(dtype === 'uint8' ? 15 : 30).fill(9);
      return model({ weightsManifest: [{ paths: ['q.bin'], weights }] }, { 'q.bin': shard });
    }),
  ];
}

function matlabSeeds(): FuzzSeed[] {
  const net = matconvnet(tensors);
  return [
    { bytes: encodeMatlab(net) },
    { bytes: encodeMatlab(matconvnet(tensors, true), true) },
    {
      bytes: matrixOf(net.get('layers')!, 'layers'),
      wrap: (bytes) => encodeMatlab([bytes], true),
    },
  ];
}

const conv = [...tensors].slice(0, 2);
const keras3 = encodeHdf5(conv.map(([, tensor], i) => [`layers/conv2d/vars/${i}`, tensor]));

export const FORMATS: Record<string, FuzzFormat> = {
  safetensors: {
    file: 'fuzzed.safetensors',
    seeds: () => [{ bytes: encodeSafetensors(tensors, metadata) }, { bytes: encodeSafetensors(half, {}) }],
    read: readSafetensors,
  },
  pytorch: { file: 'fuzzed.pth', seeds: pytorchSeeds, read: readPytorch },
  npz: { file: 'fuzzed.npz', seeds: npzSeeds, read: readNpz },
  pickle: { file: 'fuzzed.npy', seeds: pickleSeeds, read: readNumpy },
  npy: { file: 'fuzzed.npy', seeds: npySeeds, read: readNpy },
  caffe: {
    file: 'fuzzed.caffemodel',
    seeds: () => [1, 2].map((version) => ({ bytes: encodeCaffe(caffeLayers(tensors), version as 1 | 2) })),
    read: readCaffe,
  },
  onnx: {
    file: 'fuzzed.onnx',
    seeds: () => [
      { bytes: encodeOnnx(tensors) },
      { bytes: encodeOnnx(half, { nameless: true }) },
      { bytes: encodeOnnx(tensors, { typed: true }) },
      {
        bytes: encodeOnnx(tensors, { external: 'w.bin', pad: 'edge' }),
        beside: { 'w.bin': externalData(tensors) },
      },
    ],
    read: readOnnx,
  },
  matlab: { file: 'fuzzed.mat', seeds: matlabSeeds, read: readMatlab },
  hdf5: {
    file: 'fuzzed.h5',
    seeds: () => [
      { bytes: encodeHdf5(conv, { backend: 'tensorflow' }) },
      { bytes: encodeHdf5(conv, {}, 2) },
      { bytes: encodeMatlab73(matconvnet(new Map(conv))) },
      { bytes: encodeKeras(['block1_conv1'], keras3) },
      { bytes: keras3, wrap: (bytes) => encodeKeras(['block1_conv1'], bytes) },
    ],
    read: readWeights, // which knows an archive by its directory
  },
  tfjs: { file: 'model.json', seeds: tfjsSeeds, read: readTfjs },
};
