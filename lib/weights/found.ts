// What recognition finds in a file: convolutions, and the way they are named.

import type { Tensor } from './formats/tensors.js';

/** The kernels and biases of one convolution, as the file has them. */
export interface FoundConvolution {
  /** Of the file's own, to speak of it. */
  label: string;
  weight: Tensor;
  bias: Tensor;
}

/**
 * `layers`: conv1_1, with block and place. `keras`: block1_conv1, likewise. `sequence`: features.0, torchvision's places
 * in a sequence, ReLUs and pools counted. `counted`: conv0, conv1 …. `order`: 3×3 kernels as the file has them.
 */
export type NamingStyle = 'layers' | 'keras' | 'sequence' | 'counted' | 'order';
