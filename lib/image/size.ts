// The one pixel limit, worded once: a decoded file and raw pixels are held to the same rule.

/** Says what is wrong with an image of this size, or nothing when it may be used. */
export function sizeFault(width: number, height: number, maxPixels: number): string | undefined {
  if (width < 1 || height < 1) return `is ${width} × ${height} pixels: there is nothing in it`;
  if (width * height > maxPixels) {
    return `is ${width} × ${height} pixels, over the limit of ${maxPixels}; maxPixels raises it`;
  }
  return undefined;
}
