// TIFFs of floats. Nothing in such a file says what its numbers mean: programs that write linear light embed a profile
// that says so, the others write what they would have written as bytes, divided by 255. So without a profile the numbers
// are sRGB from 0 to 1, as in the file's twin of 8 bits.

import type { Sharp } from 'sharp';
import { JobError } from './job.js';
import type { RawImage } from './types.js';

/** The numbers themselves: left alone, sharp would take colours for linear light, and grey for 0..255. */
export async function decodeFloat(image: Sharp, colour: boolean): Promise<RawImage> {
  if (colour) image.pipelineColourspace('scrgb').toColourspace('scrgb');
  const { data, info } = await image.raw({ depth: 'float' }).toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const samples = new Float32Array(data.buffer, data.byteOffset, data.length / 4);
  return { data: samples, width, height, channels: info.channels as RawImage['channels'] };
}

/**
 * Holds the samples to 0..1, in place.
 * @returns what to say of it, if there was anything to cut off
 * @throws {JobError} for numbers that are none, or that are mostly on another scale
 */
export function holdToOne(samples: Float32Array): string | undefined {
  let [low, high, outside] = [0, 1, 0];
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i]!;
    if (!Number.isFinite(value)) {
      throw new JobError(
        'ERR_IMAGE',
        `holds ${value} in place of a colour: floats must be numbers from 0 to 1`,
      );
    }
    if (value >= 0 && value <= 1) continue;
    outside++;
    low = Math.min(low, value);
    high = Math.max(high, value);
    samples[i] = value < 0 ? 0 : 1;
  }
  const range = `${short(low)} to ${short(high)}`;
  if (outside > samples.length / 2) {
    throw new JobError('ERR_IMAGE', `holds floats from ${range}: scale them to 0..1 first`);
  }
  const share = `${outside} of ${samples.length} values`;
  return outside ? `holds floats from ${range}: ${share} are outside of 0..1 and were cut off` : undefined;
}

const short = (value: number) => Number(value.toPrecision(3));

/** From linear light to sRGB, in place; alpha stays. */
export function encodeLight({ data, channels }: RawImage): void {
  for (let i = 0; i < data.length; i++) {
    if (channels % 2 === 0 && i % channels === channels - 1) continue;
    const light = data[i]!;
    data[i] = light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055;
  }
}
