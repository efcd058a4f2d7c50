// ONNX Runtime: forward to relu5_1 only, because it has no gradients in Node. It shows what a well-tuned inference
// engine takes for half of the work; a gradient costs at least as much again.
//
// The losses come from a second model that also has the Gram matrices. It runs once, in a process of its own (this file
// with `losses` as its argument), so that neither the time nor the memory of the first holds any of it.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ort from 'onnxruntime-node';
import { readInputImage, readInputs } from '../inputs.mjs';
import { writeModel } from '../onnx-model.mjs';
import { serve } from '../protocol.mjs';

const forwardModel = (folder, size) => join(folder, `forward-${size}.onnx`);
const open = (file, threads) =>
  ort.InferenceSession.create(file, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionProviders: ['cpu'],
  });

/** NCHW of an interleaved image. */
function image(folder, name, size) {
  const pixels = readInputImage(folder, name, size);
  const planes = Float32Array.from(
    pixels,
    (_, i) => pixels[(i % (size * size)) * 3 + Math.floor(i / (size * size))],
  );
  return { image: new ort.Tensor('float32', planes, [1, 3, size, size]) };
}

/** Writes both models, and computes the losses from the larger one. */
async function writeAndCheck(folder, size, threads) {
  const inputs = readInputs(folder);
  await writeModel(forwardModel(folder, size), inputs, { size, statistics: false });
  const file = join(folder, `statistics-${size}.onnx`);
  await writeModel(file, inputs, { size, statistics: true });
  const { contentLayer, styleLayers, contentWeight, styleWeight } = inputs.objective;
  const session = await open(file, threads);
  const [content, style, start] = [
    await session.run(image(folder, 'content', size)),
    await session.run(image(folder, 'style', size)),
    await session.run(image(folder, 'start', size)),
  ];
  const losses = {
    [`content ${contentLayer}`]: contentWeight * mse(start[contentLayer], content[contentLayer]),
  };
  for (const layer of styleLayers) {
    losses[`style ${layer}`] = styleWeight * mse(start[`${layer}.gram`], style[`${layer}.gram`]);
  }
  losses.total = Object.values(losses).reduce((sum, term) => sum + term, 0);
  return losses;
}

function mse({ data: a }, { data: b }) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum / a.length;
}

let session;
let input;
let losses;

async function prepare({ folder, size, threads }) {
  const self = fileURLToPath(import.meta.url);
  const { stdout } = await promisify(execFile)(process.execPath, [self, 'losses', folder, size, threads]);
  losses = JSON.parse(stdout);
  session = await open(forwardModel(folder, size), threads);
  input = image(folder, 'start', size);
  return { version: ort.env.versions.node, threads, notes: 'forward only' };
}

async function iterate() {
  await session.run(input);
  return losses;
}

const [mode, folder, size, threads] = process.argv.slice(2);
if (mode === 'losses')
  console.log(JSON.stringify(await writeAndCheck(folder, Number(size), Number(threads))));
else await serve({ prepare, iterate });
