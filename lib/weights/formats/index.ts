// Which format a weights file is in. Its first bytes say, whatever its name ends in.

import { list, quote, refuse } from '../refuse.js';
import { WeightsFile } from './file.js';
import { whatElse } from './foreign.js';
import { KERAS_WEIGHTS } from './keras.js';
import type { TensorFile } from './tensors.js';

/** The formats that can be read. */
export type WeightsFormat =
  | 'safetensors'
  | 'PyTorch'
  | 'NumPy'
  | 'TensorFlow.js'
  | 'Keras (HDF5)'
  | 'MATLAB 5'
  | 'MATLAB 7.3'
  | 'Caffe'
  | 'ONNX';

/** The magic number that torch.save() wrote first before PyTorch 1.6, as a pickle of any protocol has it. */
const PYTORCH_MAGIC = '\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.';

/** Readers are imported when needed: some bring a library of megabytes. */
const READERS: Record<WeightsFormat, () => Promise<(path: string) => Promise<TensorFile>>> = {
  safetensors: async () => (await import('./safetensors.js')).readSafetensors,
  PyTorch: async () => (await import('./pytorch.js')).readPytorch,
  NumPy: async () => (await import('./npz.js')).readNumpy,
  'TensorFlow.js': async () => (await import('./tfjs.js')).readTfjs,
  'Keras (HDF5)': async () => (await import('./keras.js')).readKeras,
  'MATLAB 5': async () => (await import('./matlab.js')).readMatlab,
  'MATLAB 7.3': async () => (await import('./hdf5.js')).readHdf5,
  Caffe: async () => (await import('./caffe.js')).readCaffe,
  ONNX: async () => (await import('./onnx.js')).readOnnx,
};

/**
 * Reads a weights file of any format.
 *
 * @throws WeightsError when the file cannot be read, is of no known format or breaks its own.
 */
export async function readWeights(path: string): Promise<TensorFile & { format: WeightsFormat }> {
  const format = await WeightsFile.use(path, formatOf);
  const read = await READERS[format]();
  return { format, ...(await read(path)) };
}

async function formatOf(file: WeightsFile): Promise<WeightsFormat> {
  const { path, size } = file;
  const start = Buffer.from(await file.read(0, Math.min(size, 4096)));
  const begins = (text: string, at = 0) =>
    start.subarray(at, at + text.length).equals(Buffer.from(text, 'latin1'));
  const other = await whatElse(file);
  if (other !== undefined) refuse(path, other, { offset: 0 });
  if (begins('PK\x03\x04')) return formatOfZip(file);
  if (begins('MATLAB 7.3')) return 'MATLAB 7.3';
  if (begins('MATLAB 5.0')) return 'MATLAB 5';
  if ([0, 512, 1024, 2048].some((at) => begins('\x89HDF\r\n\x1a\n', at))) return 'Keras (HDF5)';
  if (begins('\0\0\0\0{', 4)) return 'safetensors'; // whose header is no 4 GB long
  if (/^\s*\{\s*"/.test(start.toString('latin1'))) return 'TensorFlow.js';
  // A pickle: its version, which is 2 to 5. Protocol buffers have no mark of their own: ONNX begins with its version,
  // Caffe with the network's name or its first layer.
  if (begins('\x80') && start[1]! >= 2 && start[1]! <= 5) {
    return start.subarray(0, 40).includes(Buffer.from(PYTORCH_MAGIC, 'latin1')) ? 'PyTorch' : 'NumPy';
  }
  if (begins('\x93NUMPY')) return 'NumPy';
  if (begins('\x08')) return 'ONNX';
  if (begins('\x0a') || begins('\x12') || begins('\xa2\x06')) return 'Caffe';
  const known = Object.keys(READERS).join(', ');
  return refuse(path, `is in none of the formats ${known}`, { offset: 0 });
}

async function formatOfZip(file: WeightsFile): Promise<WeightsFormat> {
  const { readZip } = await import('./zip.js');
  const names = [...(await readZip(file)).keys()];
  if (names.some((name) => name.endsWith('.npy'))) return 'NumPy';
  if (names.includes(KERAS_WEIGHTS)) return 'Keras (HDF5)';
  if (names.some((name) => /^[^/]+\/data\.pkl$/.test(name))) return 'PyTorch';
  const found = names.length === 0 ? 'nothing' : list(names, quote, 3);
  return refuse(file.path, `is a zip archive of ${found}: unpack it, and give the network that is in it`, {
    offset: 0,
  });
}
