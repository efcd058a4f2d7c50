// A picture is { width, height, data }, with data as 8-bit RGB rows; here are its file and its colours.
import sharp from 'sharp';

/** Writes a PNG; with colors, one with a palette of so many, which is a third as long. */
export async function writePng(file, { width, height, data }, colors) {
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png({
      compressionLevel: 9,
      ...(colors ? { palette: true, colors, effort: 10 } : { adaptiveFiltering: true }),
    })
    .toFile(file);
}

/** '#rrggbb' as three numbers in [0, 1], as they are stored. */
export function hex(text) {
  const value = Number.parseInt(text.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

/** '#rrggbb' as linear light. */
export const light = (text) =>
  hex(text).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));

/** Linear light as a stored number in [0, 1]. */
export const encode = (c) => (c <= 0.0031308 ? c * 12.92 : 1.055 * c ** (1 / 2.4) - 0.055);
