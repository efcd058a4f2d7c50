// The shapes an image has here: what a caller may hand in, what is known before its pixels are read, and what the
// engine works on.

/** Pixels in memory: interleaved rows, top to bottom. */
export interface RawImage {
  /** 0..255 for 8 bit and for Float32Array, 0..65535 for Uint16Array. Length = width × height × channels. */
  data: Uint8Array | Uint8ClampedArray | Uint16Array | Float32Array;
  /** Pixels per row, ≥ 1. */
  width: number;
  /** Rows, ≥ 1. */
  height: number;
  /** 1 = grey, 2 = grey + alpha, 3 = RGB, 4 = RGB + alpha (straight, not premultiplied). sRGB. */
  channels: 1 | 2 | 3 | 4;
}

/** A path, a `file:` URL, an encoded image in memory, or raw pixels. */
export type ImageSource = string | URL | Uint8Array | ArrayBuffer | RawImage;

/** What is known of an image before its pixels are decoded. */
export interface Header {
  /** Pixels per row, after EXIF orientation. */
  width: number;
  /** Rows, after EXIF orientation. */
  height: number;
  /** Whether the image can hold transparency; its pixels may still all be opaque. */
  hasAlpha: boolean;
  /** How it is stored. */
  format: 'raw' | 'jpeg' | 'png' | 'webp' | 'tiff' | 'avif' | 'gif' | 'bmp';
  /** Samples as they are decoded: 8 or 16 bits, or 32-bit floats. */
  depth: 8 | 16 | 32;
  /** Of the file, or of the pixels of a RawImage. */
  bytes: number;
  /** What its decoder holds while it works, in bytes; about. */
  decoder: number;
}

/** What the engine works on: interleaved sRGB, nominally 0..255 but not clamped. */
export interface Raster {
  /** Length = width × height × 3. The colours where `alpha` is 0 continue those around, whatever the file hides there. */
  data: Float32Array;
  width: number;
  height: number;
  /** Opacity, 0..1, one value per pixel; absent when the image is opaque. */
  alpha?: Float32Array;
}
