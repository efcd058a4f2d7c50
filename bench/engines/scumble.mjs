// Scumble itself: a whole Adam iteration in the native engine, as `stylize({ optimizer: 'adam' })` does it. The picture
// moves from one iteration to the next; the first one evaluates the same point as the peers do.
import { availableParallelism } from 'node:os';
import { addon, cpuBackend } from '../../dist/engine/addon.js';
import { readInputImage, readInputs } from '../inputs.mjs';
import { serve } from '../protocol.mjs';

let session;
let names;

async function prepare({ folder, size, threads }) {
  const engine = addon();
  const { mean, std, convolutions, objective, weightOf, biasOf } = readInputs(folder);
  const { contentLayer, styleLayers, contentWeight, styleWeight } = objective;
  const tensor = (values, shape) => ({
    dtype: 'F32',
    shape,
    data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  });
  const network = await engine.Network.load(await cpuBackend(), {
    channelOrder: 'RGB',
    range: 255,
    mean,
    std,
    padding: 'zero',
    whole: false,
    convolutions: convolutions.map((conv) => {
      const { name, inputs, outputs } = conv;
      const [block, index] = name.slice('conv'.length).split('_').map(Number);
      const weight = tensor(weightOf(conv), [outputs, inputs, 3, 3]);
      return { block, index, inputs, outputs, weight, bias: tensor(biasOf(conv), [outputs]) };
    }),
  });
  const image = (name) => ({ data: readInputImage(folder, name, size), width: size, height: size });
  const term = (kind, layer, weight, image) => {
    const name = `${image === 0 ? 'content' : 'style'} ${layer}`;
    return { name, kind, layers: [layer], weight, targets: [{ image, blend: 1 }] };
  };
  const terms = [
    term('content', contentLayer, contentWeight, 0),
    ...styleLayers.map((layer) => term('gram', layer, styleWeight, 1)),
  ];
  names = terms.map(({ name }) => name);
  session = await engine.Session.create([network], {
    start: image('start'),
    images: [image('content'), image('style')],
    masks: [],
    pooling: 'max',
    rounding: 'floor',
    terms,
    optimizer: {
      kind: 'adam',
      learningRate: 1,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      history: 10,
      firstStep: 1,
    },
    averaging: 0,
    threads,
  }).session;
  const { default: pkg } = await import('../../package.json', { with: { type: 'json' } });
  const used = Math.min(threads, availableParallelism());
  return { version: pkg.version, threads: used, notes: engine.instructionSet };
}

async function iterate() {
  const { terms, total } = await session.step(1);
  return { ...Object.fromEntries(names.map((name, i) => [name, terms[i]])), total };
}

await serve({ prepare, iterate, gradient: () => session.gradient() });
