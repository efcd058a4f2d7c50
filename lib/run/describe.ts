// The options as they go into the picture's file: plain values, files by name only.

import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Engine } from '../engine/engine.js';
import type { ImageSource } from '../image/types.js';
import type { ResolvedOptions } from '../options/options.js';
import { isImage } from './inputs.js';

export function describe(
  options: ResolvedOptions,
  { device, precision }: Pick<Engine, 'device' | 'precision'>,
): Record<string, unknown> {
  const {
    onProgress,
    onWarning,
    signal,
    threads,
    maxPixels,
    download,
    content,
    styles,
    init,
    weights,
    terms,
    checkpoint,
    checkpointEvery,
    preset,
    ...values
  } = options;
  return {
    content: name(content),
    style: styles.map(name),
    init: isImage(init) ? name(init) : init,
    weights: basename(weights),
    ...(preset !== undefined && { preset: basename(preset) }),
    ...values,
    device,
    precision,
  };
}

function name(source: ImageSource): string {
  if (source instanceof URL) return basename(fileURLToPath(source));
  return typeof source === 'string' ? basename(source) : '(in memory)';
}
