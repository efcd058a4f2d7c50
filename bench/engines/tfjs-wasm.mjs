// TensorFlow.js on its WebAssembly backend (XNNPACK, SIMD), as it ships: tf.grad does the differentiating. In Node this
// backend has one thread.
import { serve } from '../protocol.mjs';
import { tfjsEngine } from './tfjs-objective.mjs';
import { wasm } from './tfjs-wasm-backend.mjs';

const { tf, ...about } = await wasm();
const engine = tfjsEngine(tf);
await serve({ ...engine, prepare: async (task) => ({ ...about, ...(await engine.prepare(task)) }) });
