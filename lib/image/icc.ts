// sRGB as bytes: written into every file, and recognised in one, so that no needless conversion costs precision.

import sharp from 'sharp';

let bytes: Promise<Buffer> | undefined;

async function extract(): Promise<Buffer> {
  const pixel = sharp({ create: { width: 1, height: 1, channels: 3, background: 'black' } });
  const { icc } = await sharp(await pixel.withIccProfile('srgb').png().toBuffer()).metadata();
  if (!icc) throw new Error('sharp has no sRGB profile');
  return icc;
}

/** The sRGB profile that is built into sharp. */
export function srgbProfile(): Promise<Buffer> {
  bytes ??= extract();
  return bytes;
}
