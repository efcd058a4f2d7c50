// TensorFlow.js on WebAssembly again, but with the gradient it lacks: the kernel it ships for the input gradient of a
// convolution is many times slower than its forward convolution, and the one is the other with kernels flipped and
// inputs and outputs swapped. This is what an expert would write, and the fair one to compare with.
import { serve } from '../protocol.mjs';
import { tfjsEngine } from './tfjs-objective.mjs';
import { wasm } from './tfjs-wasm-backend.mjs';

function flippedLayer(tf, { weight, bias }) {
  const backwards = tf.tidy(() => tf.transpose(tf.reverse(weight, [0, 1]), [0, 1, 3, 2]));
  const convolution = tf.customGrad((x) => ({
    value: tf.conv2d(x, weight, 1, 'same'),
    gradFunc: (dy) => tf.conv2d(dy, backwards, 1, 'same'),
  }));
  return (x) => tf.relu(tf.add(convolution(x), bias));
}

const { tf, ...about } = await wasm();
const engine = tfjsEngine(tf, flippedLayer);
await serve({ ...engine, prepare: async (task) => ({ ...about, ...(await engine.prepare(task)) }) });
