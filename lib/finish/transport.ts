// The map that turns one distribution of colours into another while moving them as little as it can: between normal
// distributions it is linear (Pitié & Kokaram 2007, "The linear Monge-Kantorovitch linear colour mapping").

import type { Symmetric } from './palette.js';

/** Variances below this are noise: a deviation of 0.001, less than a step of 8 bits. */
const NOISE = 1e-6;

/** No colour is spread more than this: what has hardly any would be blown up to blotches. */
export const MOST = 4;

/**
 * T, symmetric, such that T from T = to: from^-1/2 (from^1/2 to from^1/2)^1/2 from^-1/2. Equal ones give the identity, and
 * a `to` without spread gives exactly 0.
 */
export function transport(from: Symmetric, to: Symmetric): Symmetric {
  const held = onEigenvalues(from, (value) => Math.max(value, NOISE));
  const root = onEigenvalues(held, Math.sqrt);
  const inverse = onEigenvalues(held, (value) => 1 / Math.sqrt(value));
  const middle = onEigenvalues(sandwich(root, to), (value) => Math.sqrt(Math.max(value, 0)));
  return onEigenvalues(sandwich(inverse, middle), (value) => Math.min(value, MOST));
}

/** S M S */
function sandwich([p, q, r]: Symmetric, [x, y, z]: Symmetric): Symmetric {
  const [top, beside, below, bottom] = [p * x + q * y, p * y + q * z, q * x + r * y, q * y + r * z];
  return [top * p + beside * q, top * q + beside * r, below * q + bottom * r];
}

/** The matrix with `of` done to its eigenvalues. */
function onEigenvalues([p, q, r]: Symmetric, of: (value: number) => number): Symmetric {
  const middle = (p + r) / 2;
  const half = (p - r) / 2;
  const radius = Math.hypot(half, q);
  const [high, low] = [of(middle + radius), of(middle - radius)];
  if (radius === 0) return [high, 0, high];
  const [cosine, sine] = [half / radius, q / radius]; // of twice the angle of the first eigenvector
  const [sum, difference] = [(high + low) / 2, (high - low) / 2];
  return [sum + difference * cosine, difference * sine, sum - difference * cosine];
}
