// A small VGG as every library would save it: what it calls its layers, and how its kernels lie.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ELEMENT_BYTES, type Tensor } from '../../dist/weights/formats/tensors.js';
import { caffeLayers, encodeCaffe } from './caffe.js';
import { encodeHdf5, encodeKeras, encodeMatlab73, keras3Name } from './hdf5.js';
import { encodeMatlab, type MatlabValue } from './matlab.js';
import { encodeNpz, encodeObjectNpy, layersOf } from './numpy.js';
import { encodeOnnx, externalData } from './onnx.js';
import { encodeArchive, encodeLegacy, instance, pickle, stateDict } from './pytorch.js';
import { tfjsModel } from './tfjs.js';

/** Kernels and biases, OIHW, by the names that Scumble has for them. */
export type Vgg = Map<string, Tensor>;

/** The same with other names: `rename` gets conv1_1 as block and index, and its place, counted from 0. */
export function renamed(
  vgg: Vgg,
  rename: (block: number, index: number, role: 'weight' | 'bias', place: number) => string,
): Vgg {
  const names = [...vgg.keys()].filter((name) => name.endsWith('.weight'));
  return new Map(
    Array.from(vgg, ([name, tensor]) => {
      const [, convolution, block, index, role] = /^(conv(\d)_(\d))\.(weight|bias)$/.exec(name)!;
      const place = names.indexOf(`${convolution}.weight`);
      return [rename(Number(block), Number(index), role as 'weight' | 'bias', place), tensor];
    }),
  );
}

/** Kernels in another order of axes; everything else as it is. */
export function laidOut(vgg: Vgg, layout: string): Vgg {
  return new Map(
    Array.from(vgg, ([name, tensor]) => [name, tensor.shape.length === 4 ? turned(tensor, layout) : tensor]),
  );
}

/** An OIHW tensor as `layout`, element by element. */
function turned({ dtype, shape, data }: Tensor, layout: string): Tensor {
  const bytes = ELEMENT_BYTES[dtype];
  const axes = [...layout].map((axis) => 'OIHW'.indexOf(axis));
  const sizes = axes.map((axis) => shape[axis]!);
  const to = new Uint8Array(data.length);
  const index = [0, 0, 0, 0];
  for (let at = 0; at < data.length; at += bytes) {
    let rest = at / bytes;
    for (let axis = 3; axis >= 0; axis--) {
      index[axis] = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    const place = axes.reduce((sum, axis, i) => sum * sizes[i]! + index[axis]!, 0);
    to.set(data.subarray(at, at + bytes), place * bytes);
  }
  return { dtype, shape: sizes, data: to };
}

/** As a cell of layers. MATLAB's order of elements is that of the reversed shape: OIWH. */
export function matconvnet(vgg: Vgg, old = false): Map<string, MatlabValue> {
  const kernels = laidOut(vgg, 'OIWH');
  const layers: MatlabValue[] = [];
  for (const [name, weight] of kernels) {
    const layer = /^(.*)\.weight$/.exec(name)?.[1];
    if (layer === undefined) continue;
    const bias = kernels.get(`${layer}.bias`)!;
    const row = { ...bias, shape: [bias.shape[0]!, 1] };
    const fields: [string, MatlabValue][] = old
      ? [
          ['filters', weight],
          ['biases', row],
        ]
      : [['weights', [weight, row]]];
    layers.push(new Map<string, MatlabValue>([['name', layer], ['type', 'conv'], ...fields]));
    layers.push(
      new Map<string, MatlabValue>([
        ['name', layer.replace('conv', 'relu')],
        ['type', 'relu'],
      ]),
    );
  }
  const mean = {
    dtype: 'F64' as const,
    shape: [3, 1, 1],
    data: new Uint8Array(Float64Array.of(123.68, 116.779, 103.939).buffer),
  };
  const normalization = new Map<string, MatlabValue>([['averageImage', mean]]);
  return old
    ? new Map<string, MatlabValue>([
        ['layers', layers],
        ['normalization', normalization],
      ])
    : new Map<string, MatlabValue>([
        ['layers', layers],
        ['meta', new Map([['normalization', normalization]])],
      ]);
}

const TORCHVISION = { 1: 0, 2: 5, 3: 10, 4: 19, 5: 28 } as Record<number, number>;
export const torchvisionName = (block: number, index: number, role: string) =>
  `features.${TORCHVISION[block]! + 2 * (index - 1)}.${role}`;
export const kerasName = (block: number, index: number, role: string) =>
  `block${block}_conv${index}/block${block}_conv${index}/${role === 'weight' ? 'kernel' : 'bias'}:0`;
export const oldKerasName = (block: number, index: number, role: string) =>
  `block${block}_conv${index}/block${block}_conv${index}_${role === 'weight' ? 'W' : 'b'}_1:0`;

/** What Keras calls the convolutions. */
export const kerasLayers = (vgg: Vgg) =>
  [...vgg.keys()]
    .filter((name) => name.endsWith('.weight'))
    .map((name) => name.replace(/^conv(\d)_(\d)\.weight$/, 'block$1_conv$2'));

/** Writes a VGG-19 in every format; resolves to paths by what they are. */
export async function inEveryFormat(folder: string, vgg: Vgg): Promise<Record<string, string>> {
  const torch = stateDict(renamed(vgg, torchvisionName));
  const hwio = laidOut(vgg, 'HWIO');
  const files: Record<string, Uint8Array> = {
    'archive.pth': encodeArchive(torch),
    'legacy.pth': encodeLegacy(stateDict(renamed(vgg, torchvisionName), true)),
    'module.pth': encodeArchive(
      stateDict(renamed(vgg, (...at) => `features.module.${torchvisionName(at[0], at[1], at[2]).slice(9)}`)),
    ),
    'v1.caffemodel': encodeCaffe(caffeLayers(vgg), 1),
    'v2.caffemodel': encodeCaffe(caffeLayers(vgg), 2),
    'keras.h5': encodeHdf5(renamed(hwio, kerasName), { backend: 'tensorflow' }),
    'keras-old.h5': encodeHdf5(renamed(hwio, oldKerasName), {}, 2),
    'keras-full.h5': encodeHdf5(
      new Map([
        ...renamed(hwio, (...at) => `model_weights/${kerasName(at[0], at[1], at[2])}`),
        ...renamed(hwio, (...at) => `optimizer_weights/Adam/${kerasName(at[0], at[1], at[2])}`),
      ]),
    ),
    'keras3.weights.h5': encodeHdf5(renamed(hwio, keras3Name)),
    'model.keras': encodeKeras(kerasLayers(vgg), encodeHdf5(renamed(hwio, keras3Name))),
    '5.mat': encodeMatlab(matconvnet(vgg)),
    '5-compressed.mat': encodeMatlab(matconvnet(vgg), true),
    '5-old.mat': encodeMatlab(matconvnet(vgg, true)),
    '7.3.mat': encodeMatlab73(matconvnet(vgg)),
    'arrays.npz': encodeNpz(renamed(hwio, (b, i, role) => `conv${b}_${i}_${role === 'weight' ? 'W' : 'b'}`)),
    'dictionary.npy': encodeObjectNpy(layersOf(hwio, 'string')),
    'dictionary.pkl': pickle(layersOf(hwio, 'encoded')),
    'checkpoint.pth': encodeArchive({
      object: new Map<string, unknown>([
        ['args', instance('argparse', 'Namespace', new Map([['lr', 0.1]]))],
        ['state_dict', torch.object],
      ]),
      storages: torch.storages,
    }),
    'zoo.onnx': encodeOnnx(renamed(vgg, (_b, _i, role, place) => `vgg0_conv${place}_${role}`)),
    'nameless.onnx': encodeOnnx(vgg, { nameless: true }),
    'external.onnx': encodeOnnx(renamed(vgg, torchvisionName), { external: 'weights/external.data' }),
    'weights/external.data': externalData(vgg),
    'typed.onnx': encodeOnnx(renamed(vgg, torchvisionName), { typed: true }),
  };
  const paths: Record<string, string> = {};
  for (const [name, bytes] of Object.entries(files)) {
    paths[name] = join(folder, name);
    await mkdir(dirname(paths[name]), { recursive: true });
    await writeFile(paths[name], bytes);
  }
  const keras = renamed(hwio, (b, i, role) => `block${b}_conv${i}/${role === 'weight' ? 'kernel' : 'bias'}`);
  delete paths['weights/external.data'];
  return { ...paths, 'model.json': await tfjsModel(join(folder, 'tfjs'), keras, 3000) };
}
