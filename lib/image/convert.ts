// Between samples as files hold them and the floats the engine works on.

import { fillTransparent } from './fill.js';
import type { Raster, RawImage } from './types.js';

/**
 * Spreads grey over three channels, scales 16 bit to 0..255, and splits off an alpha that is not all opaque; what is fully
 * transparent gets the colours around it. Floats of three channels are the result's own.
 */
export function toRaster({ data: samples, width, height, channels }: RawImage): Raster {
  if (samples instanceof Float32Array && channels === 3) return { data: samples, width, height };
  const max = samples instanceof Uint16Array ? 65535 : 255;
  const pixels = width * height;
  const data = new Float32Array(pixels * 3);
  const alpha = channels % 2 === 0 ? new Float32Array(pixels) : undefined;
  const green = channels > 2 ? 1 : 0;
  const blue = channels > 2 ? 2 : 0;
  let opaque = true;
  for (let i = 0, from = 0, to = 0; i < pixels; i++, from += channels, to += 3) {
    data[to] = (samples[from]! / max) * 255;
    data[to + 1] = (samples[from + green]! / max) * 255;
    data[to + 2] = (samples[from + blue]! / max) * 255;
    if (alpha) {
      const opacity = Math.min(Math.max(samples[from + channels - 1]! / max, 0), 1);
      alpha[i] = opacity;
      if (opacity < 1) opaque = false;
    }
  }
  if (!alpha || opaque) return { data, width, height };
  fillTransparent(data, alpha, width, height);
  return { data, width, height, alpha };
}

/** Clamps to 0..255, scales to `bitDepth` and rounds to nearest. `channels` 4 asks for the alpha, if there is one. */
export function toSamples(
  raster: Raster,
  channels: 3 | 4,
  bitDepth: 8 | 16,
): Uint8ClampedArray | Uint16Array {
  const { data, alpha, width, height } = raster;
  const max = bitDepth === 16 ? 65535 : 255;
  const pixels = width * height;
  const samples =
    bitDepth === 16 ? new Uint16Array(pixels * channels) : new Uint8ClampedArray(pixels * channels);
  const quantise = (value: number) => Math.min(Math.max(Math.round(value * max), 0), max);
  for (let i = 0, from = 0, to = 0; i < pixels; i++, from += 3, to += channels) {
    samples[to] = quantise(data[from]! / 255);
    samples[to + 1] = quantise(data[from + 1]! / 255);
    samples[to + 2] = quantise(data[from + 2]! / 255);
    if (channels === 4) samples[to + 3] = alpha ? quantise(alpha[i]!) : max;
  }
  return samples;
}
