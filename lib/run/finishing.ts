// The finish of a run's pictures, in the image worker: the style's palette is found once, and every picture that leaves
// the run goes by it.

import { blended, type Palette } from '../finish/palette.js';
import { withColoursOf } from '../image/luminance.js';
import { runJob } from '../image/pool.js';
import type { Raster } from '../image/types.js';
import type { ResolvedOptions } from '../options/options.js';
import type { StageImages } from './inputs.js';

export class Finishing {
  readonly #options: ResolvedOptions;
  readonly #styles: readonly Raster[];
  #palette: Promise<Palette> | undefined;

  /** @param styles the style images as the last stage has them */
  constructor(options: ResolvedOptions, styles: readonly Raster[]) {
    this.#options = options;
    this.#styles = styles;
  }

  /** The picture, whose memory is given away, of a stage with these images; finished. */
  async of(picture: Raster, { content }: StageImages): Promise<Raster> {
    const { finish, vividness } = this.#options;
    if (finish === 'content-chrominance') {
      const data = await withColoursOf(content.data, picture.data);
      return vividness === 0 ? { ...picture, data } : this.#finished({ ...picture, data }, 'none');
    }
    if (finish === 'none' && vividness === 0) return picture;
    return this.#finished(picture, finish, content);
  }

  async #finished(
    picture: Raster,
    finish: Exclude<ResolvedOptions['finish'], 'content-chrominance'>,
    content?: Raster,
  ): Promise<Raster> {
    const { vividness } = this.#options;
    this.#palette ??= this.#find();
    const style = await this.#palette;
    const from = finish === 'content-colours' ? content : undefined;
    const moved = [picture.data];
    const { data } = await runJob('finish', { picture, content: from, finish, vividness, style }, moved);
    return { ...picture, data };
  }

  async #find(): Promise<Palette> {
    const palettes = [];
    for (const style of this.#styles) palettes.push(await runJob('palette', style));
    return blended(palettes, this.#options.styleBlend);
  }
}
