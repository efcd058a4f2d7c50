// TensorFlow.js on libtensorflow. Its install script downloads that library, so it is not among this package's
// dependencies; it takes part where somebody has installed it here.
import { Absent, serve } from '../protocol.mjs';
import { tfjsEngine } from './tfjs-objective.mjs';

let engine;

async function prepare(task) {
  process.env.TF_NUM_INTRAOP_THREADS = String(task.threads);
  let tf;
  try {
    tf = (await import('@tensorflow/tfjs-node')).default;
  } catch (error) {
    if (error.code === 'ERR_MODULE_NOT_FOUND') throw new Absent('not installed, see bench/README.md');
    throw new Absent(`it cannot be loaded: ${error.message.split('\n')[0]}`);
  }
  engine = tfjsEngine(tf);
  await engine.prepare(task);
  return {
    version: tf.version['tfjs-node'],
    threads: task.threads,
    notes: `libtensorflow ${tf.version.tf ?? ''}`,
  };
}

await serve({ prepare, iterate: () => engine.iterate(), gradient: () => engine.gradient() });
