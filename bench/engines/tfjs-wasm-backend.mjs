// Loads TensorFlow.js with its WebAssembly backend, and says what it is.
import { createRequire } from 'node:module';

export async function wasm() {
  const require = createRequire(import.meta.url);
  const tf = require('@tensorflow/tfjs');
  require('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend('wasm');
  await tf.ready();
  const simd = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT');
  const threaded = await tf.env().getAsync('WASM_HAS_MULTITHREAD_SUPPORT');
  if (threaded) throw new Error('this TensorFlow.js has threads in Node: the benchmark should now set them');
  return { tf, version: tf.version.tfjs, threads: 1, notes: simd ? 'SIMD' : 'no SIMD' };
}
