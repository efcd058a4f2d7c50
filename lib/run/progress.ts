// What a run tells after every iteration.

import type { Picture } from '../image/picture.js';

export interface Progress {
  /** Width and height of the picture at this scale, in pixels. */
  scale: [width: number, height: number];
  /** This scale's place in the pyramid, from 1. */
  scaleIndex: number;
  scaleCount: number;
  /** The iteration at this scale, from 1 … */
  iteration: number;
  /** … to this, or fewer: by a `quality` a scale is left when the loss hardly goes down any more. */
  iterations: number;
  /** Whether this was the last iteration at this scale. */
  scaleDone: boolean;
  /** The objective at the point just evaluated: the sum of all losses. */
  total: number;
  /** The weighted loss of every term, by its name: `content:relu4_2`, `style:relu1_1`, `tv` … */
  losses: Record<string, number>;
  /** Of them, the content losses by layer. */
  content: Record<string, number>;
  /** Of them, the style losses by layer. */
  style: Record<string, number>;
  /** Of them, the total variation. */
  tv: number;
  /** Where it was computed: `cpu`, `cuda:0` … */
  device: string;
  /** Seconds since the first scale began, and an estimate of those to come, if no scale is left early. */
  elapsed: number;
  remaining: number;
  /**
   * The picture so far, at this scale's size. Ask while handling the progress, not later: the run waits for a preview
   * that has been asked for, and rejects one that is asked for after it has gone on to another scale or ended.
   */
  image(): Promise<Picture>;
}
