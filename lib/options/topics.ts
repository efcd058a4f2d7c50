// Made by `npm run docs:options` from the files in topics/.

import { callbacks } from './topics/callbacks.js';
import { checkpoints } from './topics/checkpoints.js';
import { content } from './topics/content.js';
import { finish } from './topics/finish.js';
import { histogram } from './topics/histogram.js';
import { hypercolumns } from './topics/hypercolumns.js';
import { images } from './topics/images.js';
import { machine } from './topics/machine.js';
import { meanStd } from './topics/mean-std.js';
import { nearest } from './topics/nearest.js';
import { network } from './topics/network.js';
import { normalize } from './topics/normalize.js';
import { optimizer } from './topics/optimizer.js';
import { picture } from './topics/picture.js';
import { preset } from './topics/preset.js';
import { pyramid } from './topics/pyramid.js';
import { resizing } from './topics/resizing.js';
import { sliced } from './topics/sliced.js';
import { style } from './topics/style.js';
import { tv } from './topics/tv.js';
import { wasserstein } from './topics/wasserstein.js';

/** In the order of the help and the documents. */
export const TOPICS = [
  preset,
  images,
  finish,
  picture,
  content,
  histogram,
  hypercolumns,
  meanStd,
  nearest,
  normalize,
  sliced,
  style,
  tv,
  wasserstein,
  network,
  pyramid,
  resizing,
  optimizer,
  machine,
  checkpoints,
  callbacks,
] as const;
