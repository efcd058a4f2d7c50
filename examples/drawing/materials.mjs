// What the surfaces of the river scene are made of: each material colours a point from its texture place.

import { light } from './picture.mjs';
import { fractal, hash2, noise, smoothstep } from './random.mjs';

/** The colour last asked for, in linear light. */
export const ink = new Float64Array(3);

function set(color, scale) {
  ink[0] = color[0] * scale;
  ink[1] = color[1] * scale;
  ink[2] = color[2] * scale;
}

function tint(color, amount) {
  for (let k = 0; k < 3; k++) ink[k] += (color[k] - ink[k]) * amount;
}

const plasters = ['#d8c096', '#c98f4e', '#d9cbb0', '#b8694e', '#c4a577', '#97a596', '#d39a80', '#c2b394'].map(
  light,
);
const paints = ['#3f6b5c', '#7a2f2a', '#35506e', '#6d5a34', '#4c6a7a', '#54713f'].map(light);
const tiles = ['#a4553a', '#8f4a38', '#b3623f', '#7d4a40', '#99573c'].map(light);
const hulls = ['#2f6f78', '#c8bfa8', '#a63d2c', '#e2d8bd'].map(light);
const awnings = ['#a8392c', '#3f6f63', '#c08a3a'].map(light);
const moss = light('#7a7f45');
const soot = light('#3a3029');
const wallStone = light('#a2937d');
const quayStone = light('#8d8373');
const pavingStone = light('#a89a84');
const weed = light('#36421f');
const brickRed = light('#8e4b38');
const mortar = light('#a99a86');
const wood = light('#4a3423');
const slateGrey = light('#59656f');
const grassGreen = light('#71833c');
const dryGrass = light('#a39a55');
const barkBrown = light('#54463a');
const cream = light('#ddd3bd');
const plank = light('#9a7650');

function plaster(u, v, seed) {
  set(
    plasters[seed % plasters.length],
    0.92 + 0.22 * fractal(u * 0.9 + seed, v * 0.9, 3) + 0.1 * noise(u * 14, v * 14),
  );
  tint(soot, 0.16 * smoothstep(0.05, 0.5, fractal(u * 2.2 + seed, v * 0.35, 2)));
}

function masonry(u, v, seed, color, rows, columns, joint) {
  const row = Math.floor(v / rows);
  const shifted = u / columns + (row & 1) * 0.5 + hash2(row, seed) * 0.3;
  const column = Math.floor(shifted);
  const across = (shifted - column) * columns;
  const up = v - row * rows;
  const edge = Math.min(across, columns - across, up, rows - up);
  const h = hash2(column, row + seed * 31);
  set(color, 0.74 + 0.5 * h + 0.22 * fractal(u * 5, v * 5, 2));
  ink[0] *= 0.96 + 0.1 * hash2(row, column);
  const seam = 1 - smoothstep(joint * 0.5, joint * 1.4, edge);
  if (up > rows - joint * 3) tint([1, 1, 1], 0.05);
  return seam;
}

const stone = (u, v, seed) => tint(soot, 0.5 * masonry(u, v, seed, wallStone, 0.36, 0.8, 0.025));
const paving = (u, v, seed) => tint(soot, 0.4 * masonry(u, v, seed, pavingStone, 0.5, 0.7, 0.03));
const brick = (u, v, seed) => tint(mortar, 0.6 * masonry(u, v, seed, brickRed, 0.1, 0.24, 0.014));

function quay(u, v, seed) {
  tint(soot, 0.65 * masonry(u, v, seed, quayStone, 0.4, 0.95, 0.035));
  tint(weed, 0.85 * (1 - smoothstep(0.62, 1.15, v + 0.3 * noise(u * 1.3, 4))));
}

function shingles(u, v, seed, color, rows, columns, lip) {
  const row = Math.floor(v / rows);
  const shifted = u / columns + (row & 1) * 0.5;
  const column = Math.floor(shifted);
  const across = (shifted - column) * 2 - 1;
  const up = v / rows - row;
  const h = hash2(column + seed * 13, row);
  set(color, 0.66 + 0.6 * h + 0.25 * fractal(u * 0.7, v * 0.7 + seed, 3));
  const shade = 1 - smoothstep(0, lip, up - 0.16 * across * across);
  const scale = (1 - 0.62 * shade) * (1 - 0.35 * across * across);
  for (let k = 0; k < 3; k++) ink[k] *= scale;
}

function tile(u, v, seed) {
  shingles(u, v, seed, tiles[seed % tiles.length], 0.34, 0.3, 0.3);
  tint(moss, 0.5 * smoothstep(0.12, 0.5, fractal(u * 0.5 + seed, v * 0.6, 4)));
}

function timber(u, v, seed) {
  set(wood, 0.75 + 0.5 * hash2(seed, 3) + 0.35 * noise(u * 2, v * 30 + seed) + 0.2 * noise(u * 9, v * 9));
}

function grass(u, v) {
  set(grassGreen, 0.75 + 0.5 * fractal(u * 0.8, v * 0.8, 4) + 0.35 * noise(u * 7, v * 7));
  tint(dryGrass, smoothstep(0, 0.5, fractal(u * 0.25, v * 0.25, 2)) * 0.6);
}

function hull(u, v, seed) {
  set(hulls[seed % hulls.length], 0.85 + 0.25 * noise(u * 3, v * 8));
  if ((v * 5) % 1 < 0.16) tint(soot, 0.4);
}

function awning(u, _v, seed) {
  set((u * 2.2) % 1 < 0.5 ? awnings[seed % awnings.length] : cream, 0.9);
}

const even = (color) => (_u, _v, seed) => set(color, 0.85 + 0.3 * hash2(seed, 8));

function foliage(dark, bright) {
  const [a, b] = [light(dark), light(bright)];
  return (_u, _v, seed) => {
    set(a, 1);
    tint(b, hash2(seed, 1));
  };
}

// Each material's colouring, and how it takes light: leaves are lit through, glass mirrors, lamps glow.
const kinds = {
  plaster: { paint: plaster },
  stone: { paint: stone },
  paving: { paint: paving },
  quay: { paint: quay },
  brick: { paint: brick },
  tile: { paint: tile },
  slate: { paint: (u, v, seed) => shingles(u, v, seed, slateGrey, 0.4, 0.34, 0.25) },
  ridge: { paint: even(light('#8a4a34')) },
  timber: { paint: timber },
  wood: { paint: even(plank) },
  hull: { paint: hull },
  grass: { paint: grass },
  paint: { paint: (_u, _v, seed) => set(paints[seed % paints.length], 1) },
  frame: { paint: even(cream) },
  trim: { paint: (u, v, seed) => tint(soot, 0.35 * masonry(u, v, seed, mortar, 0.9, 1.1, 0.03)) },
  awning: { paint: awning },
  dark: { paint: even(light('#2b2826')) },
  gold: { paint: even(light('#d8a640')) },
  bark: { paint: (u, v) => set(barkBrown, 0.8 + 0.6 * noise(u * 9, v * 2)) },
  glass: { paint: even(light('#1c242b')), mirror: true },
  lamplight: { paint: (u, v) => set([1, 0.55, 0.19], 1.5 - 0.4 * v + 0.3 * noise(u * 4, v * 4)), glow: true },
  leaf: { paint: foliage('#3c5420', '#7f8f35'), leafy: true },
  autumn: { paint: foliage('#8a5a1f', '#d09a38'), leafy: true },
  poplar: { paint: foliage('#4a5a26', '#a39a3c'), leafy: true },
  willow: { paint: foliage('#66752c', '#b7ad4e'), leafy: true },
  reed: { paint: foliage('#5d6428', '#b9a05a'), leafy: true },
  blade: { paint: foliage('#4f6424', '#9c9a46'), leafy: true },
  redFlower: { paint: foliage('#a3202a', '#e0543a'), leafy: true },
  whiteFlower: { paint: foliage('#d8cfc0', '#d69ab0'), leafy: true },
};

/** The materials by number, and their numbers by name. */
export const materials = Object.values(kinds);
export const material = Object.fromEntries(Object.keys(kinds).map((name, number) => [name, number]));
