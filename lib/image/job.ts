// The jobs that the worker does: what goes in and what comes out.

import type { Unfinished } from '../finish/finish.js';
import type { Palette } from '../finish/palette.js';
import type { Filter } from '../options/topics/resizing.js';
import type { Size } from '../run/scales.js';
import type { Header, Raster, RawImage } from './types.js';

/** The formats that can be written. */
export type Format = 'png' | 'jpeg' | 'webp' | 'tiff' | 'avif';

/** An encoded image: the path of a file, or its bytes. */
export type Encoded = string | Uint8Array;

/** How to read an image. */
export interface Decoding {
  source: Encoded | RawImage;
  maxPixels: number;
  /** The sizes wanted; without them, its own. */
  sizes?: readonly Size[];
  /** To resize with. */
  threads: number;
  filter?: Filter;
  /** Whether resized images have whole numbers. */
  wholeSteps?: boolean;
  /** Whether floats without a colour profile are linear light; else they are sRGB. */
  linear: boolean;
  /** What was found when the image was looked at before; another file in its place is refused. */
  probed?: Header;
}

/** An image at the sizes asked for. `notes` are predicates, as those of errors: what was assumed or left out. */
export interface Decoded {
  images: Raster[];
  notes: string[];
}

/** Every job: what goes in and what comes out. */
export interface Jobs {
  probe: { input: { source: Encoded; maxPixels: number }; output: Header };
  decode: { input: Decoding; output: Decoded };
  encode: {
    input: {
      raster: Raster;
      format: Format;
      bitDepth: 8 | 16;
      quality: number | undefined;
      json: string | undefined;
    };
    output: Uint8Array;
  };
  describe: { input: { source: Encoded }; output: string | undefined };
  palette: { input: Raster; output: Palette };
  finish: { input: Unfinished; output: Raster };
}

/** A job as the worker receives it. */
export type Job = { [K in keyof Jobs]: { kind: K; input: Jobs[K]['input'] } }[keyof Jobs];

/** The worker's answer to a job. */
export type Reply = { result: Jobs[keyof Jobs]['output'] } | { code: JobError['code']; reason: string };

/** Why a job failed. `message` is a predicate ("is empty"): the caller knows the subject. */
export class JobError extends Error {
  readonly code: 'ERR_IMAGE' | 'ERR_IMAGE_SIZE';
  constructor(code: JobError['code'], reason: string, cause?: unknown) {
    super(reason, { cause });
    this.name = 'JobError';
    this.code = code;
  }
}
