// What a score is.

/** A number, and where it lies between those of the content image itself and of a second crop of the style. */
export interface Measure {
  value: number;
  /** What the content image itself has, unchanged. */
  content: number;
  /** What the style itself has: crops of it, or for content measures, the style laid over the content. */
  style: number;
  /**
   * Where `value` lies. Of style, palette and strength: 0 at the content image, 1 at the second crop of the style. Of content:
   * 1 at the content image, 0 at the style. It may go past both; it is nothing where both are within a tenth of each other.
   */
  position: number | null;
}

/** Faults; none of them has a best value to be reached, so that there is no position. */
export interface Faults {
  /** The finest detail (periods below 4 pixels) of the picture's flattest third over that of the style's: above 1 is grainier than the painting. */
  grain: number;
  /** What repeats there evenly, every 2 to 8 pixels: its amplitude, in hundredths of lightness (OKLab). */
  grid: number;
  /** Lightness (in hundredths) of a frame of 4 pixels less that inside it, less the same of the content: below 0 is a dark border. */
  border: number;
  /** Chroma where the content is lightest, over the style's at like lightness: below 1 is a pale veil. Nothing of a style without colours there. */
  veil: number | null;
}

/** One picture's score. */
export interface Score {
  /** As it was scored. */
  width: number;
  height: number;
  /** The mean position of each group's measures. */
  position: { style: number | null; content: number | null; palette: number | null };
  /** Distances from the style, by measure and layer: `gram:relu2_2`, `wasserstein:…`, `sliced:…`. */
  style: Record<string, Measure>;
  /** Distances from the content: `self-similarity` and `perceptual`. */
  content: Record<string, Measure>;
  palette: Measure;
  /** Ratios to the style's: `contrast`, `saturation` and `saturation-spread`; NaN to what the style has none of. */
  strength: Record<string, Measure>;
  faults: Faults;
  /** What the content image and the style have of the same faults. */
  faultsOf: { content: Faults; style: Faults };
}
