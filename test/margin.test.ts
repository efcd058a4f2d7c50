// A style image's margin: left out whatever it is, and the rest counts as if it had come alone.

import test from 'ava';
import { OptionError, stylize } from '../dist/index.js';
import { trimmed } from '../dist/run/margin.js';
import { bits, options, wave } from './support/runs.js';

/** `inner` within a frame of one colour that is `edge` pixels wide. */
function framed(inner: ReturnType<typeof wave>, edge: number) {
  const [width, height] = [inner.width + 2 * edge, inner.height + 2 * edge];
  const data = new Float32Array(width * height * 3).fill(255);
  for (let y = 0; y < inner.height; y++) {
    const row = inner.data.subarray(y * inner.width * 3, (y + 1) * inner.width * 3);
    data.set(row, ((y + edge) * width + edge) * 3);
  }
  return { ...inner, data, width, height };
}

test('what is left of an image, with its opacity', (t) => {
  const inner = wave(16, 16);
  const image = framed(inner, 2);
  const alpha = Float32Array.from({ length: 400 }, (_, i) => i / 400);
  const left = trimmed.image({ ...image, alpha }, 0.1);
  t.deepEqual([left.width, left.height], [16, 16]);
  t.deepEqual(left.data, inner.data);
  t.is(left.alpha![0], alpha[2 * 20 + 2]);
  t.is(left.alpha!.at(-1), alpha[17 * 20 + 17]);
  t.is(trimmed.image(image, 0), image);
  t.is(trimmed.image(image, 0.02), image, 'less than half a pixel is nothing');
});

test('a side keeps a pixel, however small it is', (t) => {
  for (const side of [1, 2, 3, 4, 7]) {
    const { width } = trimmed.size({ width: side, height: side }, 0.499);
    t.true(width >= 1, `${side} pixels: ${width}`);
  }
});

test('a frame changes no byte of the picture when the margin covers it', async (t) => {
  const inner = wave(20, 20, 2);
  const given = { keepSmallStyles: true, size: 24, iterations: 2, finish: 'palette', vividness: 1 } as const;
  const framedStyle = await stylize(options({ ...given, style: framed(inner, 2), styleMargin: 2 / 24 }));
  const alone = await stylize(options({ ...given, style: inner, styleMargin: 0 }));
  t.is(bits(framedStyle), bits(alone));
  const seen = await stylize(options({ ...given, style: framed(inner, 2), styleMargin: 0 }));
  t.not(bits(seen), bits(alone));
});

test('a margin of a half and more, or below 0, is refused', async (t) => {
  for (const styleMargin of [0.5, -0.1, Number.NaN]) {
    const error = await t.throwsAsync(async () => stylize(options({ styleMargin })), {
      instanceOf: OptionError,
    });
    t.regex(error!.message, /styleMargin must be a number from 0 up to but not including 0\.5/);
  }
});
