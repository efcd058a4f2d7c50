// TensorFlow.js on its plain JavaScript backend: what runs where nothing else does. One thread.
import { createRequire } from 'node:module';
import { serve } from '../protocol.mjs';
import { tfjsEngine } from './tfjs-objective.mjs';

const tf = createRequire(import.meta.url)('@tensorflow/tfjs');
await tf.setBackend('cpu');
const engine = tfjsEngine(tf);
async function prepare(task) {
  await engine.prepare(task);
  return { version: tf.version.tfjs, threads: 1, notes: 'JavaScript' };
}
await serve({ ...engine, prepare });
