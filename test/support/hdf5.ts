// HDF5 files for tests, written by the library itself.

import { type Dataset, File, type Group, ready } from 'h5wasm';
import type { Tensor } from '../../dist/weights/formats/tensors.js';
import type { MatlabValue } from './matlab.js';
import { encodeZip } from './zip.js';

const { FS } = await ready;

/** A file that `fill` has written to. */
function written(fill: (file: File) => void): Uint8Array {
  const file = new File('/written.h5', 'w');
  fill(file);
  file.close();
  const bytes = FS.readFile('/written.h5') as Uint8Array;
  FS.unlink('/written.h5');
  return bytes;
}

/** Names are the ways from the root: `block1_conv1/kernel:0`. With `chunks`, the data are deflated in that many pieces. */
export function encodeHdf5(
  tensors: Iterable<[string, Tensor]>,
  attributes: Record<string, string> = {},
  pieces = 0,
): Uint8Array {
  return written((file) => {
    for (const [name, value] of Object.entries(attributes)) file.create_attribute(name, value);
    for (const [name, tensor] of tensors) {
      const way = name.split('/');
      const group = groupOf(file, way.slice(0, -1));
      createDataset(group, way.at(-1)!, tensor, pieces);
    }
  });
}

function groupOf(file: File, way: string[]): Group {
  let group: Group = file;
  for (const key of way) {
    const inner = group.keys().includes(key) ? group.get(key) : group.create_group(key);
    group = inner as Group;
  }
  return group;
}

function createDataset(group: Group, name: string, { dtype, shape, data }: Tensor, pieces = 0): Dataset {
  const values = data.slice().buffer;
  const typed = {
    F32: () => ({ data: new Float32Array(values) }),
    F64: () => ({ data: new Float64Array(values) }),
    U16: () => ({ data: new Uint16Array(values) }),
    U8: () => ({ data: new Uint8Array(values) }),
  }[dtype as 'F32' | 'F64' | 'U16' | 'U8']();
  const [first, ...rest] = shape as [number, ...number[]];
  const chunked = pieces > 0 ? { chunks: [Math.ceil(first / pieces), ...rest], compression: 4 } : {};
  group.create_dataset({ name, shape, ...typed, ...chunked });
  return group.get(name) as Dataset;
}

/** Keras 3's archive: layers are called by their kind in the weights, and by their names in the description. */
export function encodeKeras(names: string[], weights: Uint8Array): Uint8Array {
  const layers = names.map((name) => ({ class_name: 'Conv2D', config: { name } }));
  const config = {
    class_name: 'Functional',
    config: { layers: [{ class_name: 'InputLayer', config: { name: 'input' } }, ...layers] },
  };
  return encodeZip([
    { name: 'metadata.json', bytes: Buffer.from('{"keras_version": "3.0.0"}') },
    { name: 'config.json', bytes: Buffer.from(JSON.stringify(config)) },
    { name: 'model.weights.h5', bytes: weights },
  ]);
}

/** What layer number `place` of the convolutions is called in the weights of Keras 3. */
export const keras3Name = (_block: number, _index: number, role: string, place: number) =>
  `layers/conv2d${place ? `_${place}` : ''}/vars/${role === 'weight' ? 0 : 1}`;

/** MATLAB's files of version 7.3: what a cell holds is in a group of its own, and referred to. */
export function encodeMatlab73(variables: Map<string, MatlabValue>): Uint8Array {
  const hdf5 = written((file) => {
    file.create_group('#refs#');
    let count = 0;
    const add = (group: Group, name: string, value: MatlabValue): void => {
      if (typeof value === 'string') {
        const data = new Uint8Array(Buffer.from(value, 'utf16le'));
        const text = createDataset(group, name, { dtype: 'U16', shape: [value.length, 1], data });
        text.create_attribute('MATLAB_class', 'char');
      } else if (Array.isArray(value)) {
        const targets = value.map((item) => {
          const key = `r${count++}`;
          add(file.get('#refs#') as Group, key, item);
          return (file.get(`#refs#/${key}`) as Dataset | Group).create_reference();
        });
        group.create_dataset({ name, data: targets, shape: [targets.length, 1] });
      } else if (value instanceof Map) {
        const inner = group.create_group(name);
        for (const [key, item] of value) add(inner, key, item);
      } else createDataset(group, name, value);
    };
    for (const [name, value] of variables) add(file, name, value);
  });
  const block = Buffer.alloc(512);
  block.write('MATLAB 7.3 MAT-file, for tests');
  return Buffer.concat([block, hdf5]);
}
