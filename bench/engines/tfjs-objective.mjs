// The objective in TensorFlow.js, for each of its backends. Everything is NHWC, as TensorFlow.js has it.
import { readInputImage, readInputs } from '../inputs.mjs';

/**
 * @param {typeof import('@tensorflow/tfjs')} tf with its backend set
 * @param {(tf: any, conv: { weight: any, bias: any }) => (x: any) => any} layer makes convolution, bias and ReLU
 */
export function tfjsEngine(tf, layer = plainLayer) {
  let inputs;
  let layers;
  let start;
  let targets;
  let last;

  function build(folder) {
    const { mean, std, objective, convolutions, weightOf, biasOf } = readInputs(folder);
    inputs = { mean, std, objective };
    layers = convolutions.map((conv) => {
      const { name, outputs } = conv;
      const weight = tf.tidy(() => {
        const shape = [outputs, conv.inputs, 3, 3];
        return tf.transpose(tf.tensor4d(weightOf(conv), shape), [2, 3, 1, 0]);
      });
      const run = layer(tf, { weight, bias: tf.tensor1d(biasOf(conv)) });
      return { name: name.replace('conv', 'relu'), pooled: /[2-5]_1$/.test(name), run };
    });
  }

  /** Calls `visit` with the features of each layer. */
  function features(image, visit) {
    let x = tf.div(tf.sub(image, inputs.mean), inputs.std);
    for (const { name, pooled, run } of layers) {
      if (pooled) x = tf.maxPool(x, 2, 2, 'valid');
      x = run(x);
      visit(name, x);
    }
  }

  function gram(x) {
    const [, height, width, channels] = x.shape;
    const rows = tf.reshape(x, [height * width, channels]);
    return tf.div(tf.matMul(rows, rows, true, false), channels * height * width);
  }

  /** The weighted terms of the loss by name; `onTerm` sees each. */
  function loss(image, onTerm) {
    const { contentLayer, styleLayers, contentWeight, styleWeight } = inputs.objective;
    const terms = [];
    const add = (name, weight, difference) => {
      const term = tf.mul(tf.mean(tf.square(difference)), weight);
      onTerm(name, term);
      terms.push(term);
    };
    features(image, (name, x) => {
      if (name === contentLayer) add(`content ${name}`, contentWeight, tf.sub(x, targets.content));
      if (styleLayers.includes(name)) add(`style ${name}`, styleWeight, tf.sub(gram(x), targets[name]));
    });
    return tf.addN(terms);
  }

  return {
    async prepare({ folder, size }) {
      build(folder);
      const { contentLayer, styleLayers } = inputs.objective;
      const image = (name) => tf.tensor4d(readInputImage(folder, name, size), [1, size, size, 3]);
      targets = {};
      tf.tidy(() => {
        features(image('content'), (name, x) => {
          if (name === contentLayer) targets.content = tf.keep(x);
        });
      });
      tf.tidy(() => {
        features(image('style'), (name, x) => {
          if (styleLayers.includes(name)) targets[name] = tf.keep(gram(x));
        });
      });
      start = image('start');
    },

    async iterate() {
      const terms = {};
      const { value, grad } = tf.tidy(() =>
        tf.valueAndGrad((image) =>
          loss(image, (name, term) => {
            terms[name] = tf.keep(term);
          }),
        )(start),
      );
      last = await grad.data(); // whatever was put off is done now
      const losses = { total: (await value.data())[0] };
      for (const [name, term] of Object.entries(terms)) losses[name] = (await term.data())[0];
      tf.dispose([value, grad, Object.values(terms)]);
      return losses;
    },

    async gradient() {
      return last;
    },
  };
}

/** As anyone would write it. */
function plainLayer(tf, { weight, bias }) {
  return (x) => tf.relu(tf.add(tf.conv2d(x, weight, 1, 'same'), bias));
}
